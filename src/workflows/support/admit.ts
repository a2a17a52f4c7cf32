import { ApplicationFailure } from '@temporalio/workflow';
import { failureTypes } from '../../activities/contract';
import { excessOf, type MeasuredStack } from '../../model/stack/limits';
import { fits, tidied, type Shape } from '../messages/shape';

/**
 * The input of a workflow, once it has the right shape; every `line` in it is tidied. A client that is not ours may
 * start workflows with anything: what would trip one ends it at once instead.
 * @throws ApplicationFailure where the input does not fit
 */
export function admit<T>(input: T, shape: Shape, workflow: string): T {
  if (fits(input, shape)) return tidied(input, shape);
  throw ApplicationFailure.nonRetryable(
    `malformed input of the workflow ${workflow}: a field is missing, or a name is not valid; nothing was done`,
    failureTypes.software,
  );
}

/**
 * Ends a workflow whose stack is larger than the engine takes, before anything is planned.
 * @throws ApplicationFailure with every limit that it is beyond
 */
export function admitSize(stack: MeasuredStack): void {
  const excess = excessOf(stack).map(({ path, message }) => `${path.join('.')} ${message}`);
  if (excess.length > 0)
    throw ApplicationFailure.nonRetryable(
      `the stack is too large: ${excess.slice(0, 10).join('; ')}; nothing was done`,
      failureTypes.software,
    );
}
