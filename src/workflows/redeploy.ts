import { CancellationScope, isCancellation, workflowInfo } from '@temporalio/workflow';
import { failureTypes } from '../activities/contract';
import type { UnattendedEnd } from '../model/schedule';
import { activity } from './support/activity-options';
import { admit } from './support/admit';
import { toProblem } from './deployment/steps/failure';
import { taskQueue, type RedeployInput } from './messages';
import { inputs } from './messages/shapes';

/**
 * Started by a schedule: requests a deployment and waits until it has finished, so that the schedule's overlap policy
 * takes effect.
 */
export async function redeploy(input: RedeployInput): Promise<UnattendedEnd> {
  const { place, spec } = admit(input, inputs.redeploy, 'redeploy');
  const request = { place, what: spec.what, by: `schedule ${spec.name}`, requestId: workflowInfo().runId };
  try {
    const workflowId = await CancellationScope.nonCancellable(() =>
      activity('requestDeployment', taskQueue, `request a deployment (${spec.what.kind})`)(request),
    );
    return await endOf(workflowId);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { outcome: 'refused', message: reasonOf(error) };
  }
}

/** Waits for the end of a deployment; when cancelled, cancels it and waits for its rollback. */
async function endOf(workflowId: string): Promise<UnattendedEnd> {
  const wait = () => activity('awaitDeployment', taskQueue, 'wait until it has finished')(workflowId);
  try {
    return await wait();
  } catch (error) {
    if (isCancellation(error)) {
      await CancellationScope.nonCancellable(async () => {
        await activity('cancelDeployment', taskQueue, 'cancel the deployment')(workflowId);
        await wait();
      });
    }
    throw error;
  }
}

/** The engine's refusal; unexpected errors fail the workflow. */
function reasonOf(error: unknown): string {
  const { type, message } = toProblem(error);
  if (type === failureTypes.software) return message;
  throw error;
}
