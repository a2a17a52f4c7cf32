import { CancellationScope, isCancellation, workflowInfo } from '@temporalio/workflow';
import { failureTypes } from '../activities/contract';
import type { UnattendedEnd } from '../model/schedule';
import { activity } from './support/activity-options';
import { admit } from './support/admit';
import { toProblem } from './deployment/steps/failure';
import { taskQueue, type RedeployInput } from './messages';
import { inputs } from './messages/shapes';

/**
 * What a schedule starts: asks for a deployment and waits for its end, so that the schedule's overlap policy means
 * something.
 */
export async function redeploy(input: RedeployInput): Promise<UnattendedEnd> {
  const { place, spec } = admit(input, inputs.redeploy, 'redeploy');
  const request = { place, what: spec.what, by: `schedule ${spec.name}`, requestId: workflowInfo().runId };
  try {
    const workflowId = await CancellationScope.nonCancellable(() =>
      activity('requestDeployment', taskQueue, `ask for it (${spec.what.kind})`)(request),
    );
    return await endOf(workflowId);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { outcome: 'refused', message: reasonOf(error) };
  }
}

/** Cancelled, it ends when the deployment has gone back. */
async function endOf(workflowId: string): Promise<UnattendedEnd> {
  const wait = () => activity('awaitDeployment', taskQueue, 'wait for its end')(workflowId);
  try {
    return await wait();
  } catch (error) {
    if (isCancellation(error)) {
      await CancellationScope.nonCancellable(async () => {
        await activity('cancelDeployment', taskQueue, 'cancel it')(workflowId);
        await wait();
      });
    }
    throw error;
  }
}

/** What the engine had to say; what nobody expects fails the workflow. */
function reasonOf(error: unknown): string {
  const { type, message } = toProblem(error);
  if (type === failureTypes.software) return message;
  throw error;
}
