import { taskQueue } from '../messages';
import { activity } from './activity-options';

/** Those of these workflows that do not run any more, one after the other, with what is to be done about each. */
export async function forEachGone(workflowIds: readonly string[], forget: (workflowId: string) => void): Promise<void> {
  for (const workflowId of workflowIds) {
    if (!(await activity('isRunning', taskQueue, `does ${workflowId} still run?`)(workflowId))) forget(workflowId);
  }
}
