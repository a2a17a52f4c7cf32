import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/client';
import type { Directory } from '../activities/dependencies';
import { createUnattended } from './unattended';
import { contentsQuery, environmentId, joinSignal, pruneSignal, releaseId, searchAttributes, taskQueue } from '../workflows/messages';

/** What activities ask of Temporal, over the worker's own client. */
export function createDirectory(client: Client): Directory {
  const { workflow } = client;
  return {
    ...createUnattended(client),

    async join({ stack, environment, ...request }) {
      await workflow.signalWithStart('environment', {
        workflowId: environmentId({ stack, environment }),
        taskQueue,
        args: [{ stack, environment }],
        signal: joinSignal,
        signalArgs: [request],
        staticSummary: `lock and memory of ${stack}/${environment}`,
        typedSearchAttributes: [
          { key: searchAttributes.stack, value: stack },
          { key: searchAttributes.environment, value: environment },
        ],
      });
    },

    async isRunning(workflowId) {
      const description = await unlessMissing(() => workflow.getHandle(workflowId).describe());
      return description?.status.name === 'RUNNING';
    },

    async releases(stack, environment) {
      const numbers: number[] = [];
      const query = `WorkflowType = 'release' AND ExecutionStatus = 'Running' AND ${searchAttributes.stack.name} = '${stack}' AND ${searchAttributes.environment.name} = '${environment}'`;
      for await (const { workflowId } of workflow.list({ query })) numbers.push(Number(workflowId.split('/').at(-1)));
      return numbers.sort((a, b) => a - b);
    },

    release: (stack, environment, release) => unlessMissing(() => workflow.getHandle(releaseId({ stack, environment }, release)).query(contentsQuery)),

    async dropRelease(stack, environment, release) {
      await unlessMissing(() => workflow.getHandle(releaseId({ stack, environment }, release)).signal(pruneSignal));
    },
  };
}

async function unlessMissing<T>(call: () => Promise<T>): Promise<T | undefined> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}
