import type { Client } from '@temporalio/client';
import type { Directory } from '../activities/dependencies';
import { signalEnvironment } from '../client/signal-environment';
import { unlessMissing } from '../client/unless-missing';
import { claimSignal, contentsQuery, fleetId, joinSignal, pruneSignal, releaseId, searchAttributes, taskQueue } from '../workflows/messages';
import { createUnattended } from './unattended';

/** What activities ask of Temporal, over the worker's own client. */
export function createDirectory(client: Client): Directory {
  const { workflow } = client;
  return {
    ...createUnattended(client),

    join: ({ stack, environment, ...request }) => signalEnvironment(client, { stack, environment }, joinSignal, request),

    async claimSlot(claim) {
      await workflow.signalWithStart('fleet', { workflowId: fleetId, taskQueue, args: [], signal: claimSignal, signalArgs: [claim], staticSummary: 'who may deploy' });
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
