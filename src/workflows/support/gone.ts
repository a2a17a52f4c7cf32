import { taskQueue } from '../messages';
import { activity } from './activity-options';

/** Calls `forget` for each of these workflows that no longer runs; checks them one after the other. */
export async function forEachGone(workflowIds: readonly string[], forget: (workflowId: string) => void): Promise<void> {
  for (const workflowId of workflowIds) {
    if (!(await activity('isRunning', taskQueue, `check whether ${workflowId} still runs`)(workflowId)))
      forget(workflowId);
  }
}
