import type { Client } from '@temporalio/client';
import type { Directory } from '../activities/dependencies';
import { signalEnvironment } from '../client/signal-environment';
import { unlessMissing } from '../client/unless-missing';
import { claimHostSignal, claimSignal, contentsQuery, fleetId, hostId, hostQuery, joinSignal, pruneSignal, releaseId, reportHostSignal, searchAttributes, taskQueue } from '../workflows/messages';
import type { HostPlace } from '../model/host';
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

    async claimHost(place, claim) {
      await workflow.signalWithStart('host', { workflowId: hostId(place), taskQueue, args: [place], signal: claimHostSignal, signalArgs: [claim], staticSummary: ownerOf(place) });
    },

    async reportHost(place, report) {
      await workflow.signalWithStart('host', { workflowId: hostId(place), taskQueue, args: [place], signal: reportHostSignal, signalArgs: [report], staticSummary: ownerOf(place) });
    },

    hostBreaker: async (id) => (await unlessMissing(() => workflow.getHandle(id).query(hostQuery)))?.breaker,

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

function ownerOf({ name }: HostPlace): string {
  return `ports and room of ${name ?? 'the host'}`;
}
