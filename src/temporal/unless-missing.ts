import { WorkflowNotFoundError } from '@temporalio/client';

/** What a call about a workflow says; nothing where there is no such workflow. */
export async function unlessMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
