import { WorkflowNotFoundError } from '@temporalio/client';

/** The result of a call about a workflow; undefined if the workflow does not exist. */
export async function unlessMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
