import { ApplicationFailure } from '@temporalio/workflow';
import { failureTypes } from '../../activities/contract';
import { excessOf, type MeasuredStack } from '../../model/stack/limits';
import { fits, tidied, type Shape } from '../messages/shape';

/**
 * Returns the input of a workflow with every `line` tidied. Other clients can start workflows with any input; a
 * malformed one fails the workflow at once.
 * @throws ApplicationFailure if the input does not have the shape
 */
export function admit<T>(input: T, shape: Shape, workflow: string): T {
  if (fits(input, shape)) return tidied(input, shape);
  throw ApplicationFailure.nonRetryable(
    `malformed input of the workflow ${workflow}: a field is missing, or a name is not valid; nothing was done`,
    failureTypes.software,
  );
}

/**
 * Fails a workflow whose stack exceeds the size limits, before anything is planned.
 * @throws ApplicationFailure with the exceeded limits
 */
export function admitSize(stack: MeasuredStack): void {
  const excess = excessOf(stack).map(({ path, message }) => `${path.join('.')} ${message}`);
  if (excess.length > 0)
    throw ApplicationFailure.nonRetryable(
      `the stack is too large: ${excess.slice(0, 10).join('; ')}; nothing was done`,
      failureTypes.software,
    );
}
