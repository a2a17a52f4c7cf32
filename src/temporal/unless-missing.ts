import { WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';

/** The result of a call about a workflow; undefined if the workflow does not exist. */
export async function unlessMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** The result of a call about a workflow; undefined unless the workflow runs. A closed one can still be queried. */
export function ifRunning<T>(handle: WorkflowHandle, call: () => Promise<T>): Promise<T | undefined> {
  return unlessMissing(async () => ((await handle.describe()).status.name === 'RUNNING' ? call() : undefined));
}
