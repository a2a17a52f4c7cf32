import { ActivityFailure, ApplicationFailure, isCancellation, workflowInfo } from '@temporalio/workflow';
import { failureTypes, type UnattendedEnd } from '../activities/contract';
import { activity } from './activity-options';
import { taskQueue, type RedeployInput } from './messages';

/** What a schedule starts: asks for a deployment and waits for its end, so that the schedule's overlap policy means something. */
export async function redeploy({ place, spec }: RedeployInput): Promise<UnattendedEnd> {
  const request = { place, what: spec.what, by: `schedule ${spec.name}`, requestId: workflowInfo().runId };
  try {
    const workflowId = await activity('requestDeployment', taskQueue, `ask for it (${spec.what.kind})`)(request);
    return await activity('awaitDeployment', taskQueue, 'wait for its end')(workflowId);
  } catch (error) {
    if (isCancellation(error)) throw error;
    return { outcome: 'refused', message: reasonOf(error) };
  }
}

/** What the engine had to say; what nobody expects fails the workflow. */
function reasonOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : undefined;
  if (cause instanceof ApplicationFailure && cause.type === failureTypes.software) return cause.message;
  throw error;
}
