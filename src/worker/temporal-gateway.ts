import type { Client } from '@temporalio/client';
import type { TemporalGateway } from '../activities/dependencies';
import { endIfStuck } from '../temporal/responsiveness';
import { signalEnvironment } from '../temporal/signal-environment';
import { unlessMissing } from '../temporal/unless-missing';
import { keptReleasesOf } from '../temporal/visibility';
import {
  claimHostSignal,
  claimSignal,
  contentsQuery,
  fleetId,
  fromCommandSignal,
  hostId,
  hostQuery,
  imagesMemo,
  joinSignal,
  pruneSignal,
  releaseId,
  sessionQuery,
  reportHostSignal,
  taskQueue,
} from '../workflows/messages';
import type { HostPlace } from '../model/host';
import type { PinnedImages } from '../model/images';
import { startOf } from '../temporal/start-of';
import { createUnattended } from './unattended';

/** The calls of activities to Temporal, over the worker's own client. */
export function createTemporalGateway(client: Client): TemporalGateway {
  const { workflow } = client;
  const contentsOf = (stack: string, environment: string, release: number) =>
    unlessMissing(() => workflow.getHandle(releaseId({ stack, environment }, release)).query(contentsQuery));
  return {
    ...createUnattended(client),

    join: ({ stack, environment, ...request }) =>
      signalEnvironment(client, { stack, environment }, joinSignal, request),

    async claimSlot(claim) {
      await workflow.signalWithStart('fleet', {
        workflowId: fleetId,
        taskQueue,
        args: [],
        signal: claimSignal,
        signalArgs: [claim],
        staticSummary: 'slots for parallel deployments',
      });
    },

    async claimHost(place, claim) {
      await workflow.signalWithStart('host', {
        workflowId: hostId(place),
        taskQueue,
        args: [place],
        signal: claimHostSignal,
        signalArgs: [claim],
        staticSummary: summaryOf(place),
      });
    },

    async reportHost(place, report) {
      await workflow.signalWithStart('host', {
        workflowId: hostId(place),
        taskQueue,
        args: [place],
        signal: reportHostSignal,
        signalArgs: [report],
        staticSummary: summaryOf(place),
      });
    },

    hostBreaker: async (id) => (await unlessMissing(() => workflow.getHandle(id).query(hostQuery)))?.breaker,

    async isRunning(workflowId) {
      const description = await unlessMissing(() => workflow.getHandle(workflowId).describe());
      return description?.status.name === 'RUNNING';
    },

    endIfStuck: async (workflowId, by) => (await endIfStuck(workflow.getHandle(workflowId), by)) === 'answered',

    async releases(stack, environment) {
      const numbers: number[] = [];
      for await (const { workflowId } of workflow.list({ query: keptReleasesOf({ stack, environment }) }))
        numbers.push(numberOf(workflowId));
      return numbers.sort((a, b) => a - b);
    },

    release: contentsOf,

    async images(stack, environment, releases) {
      if (releases.length === 0) return new Map();
      const found = new Map<number, PinnedImages>();
      for await (const { workflowId, memo } of workflow.list({ query: keptReleasesOf({ stack, environment }) })) {
        const number = numberOf(workflowId);
        if (memo?.[imagesMemo] && releases.includes(number)) found.set(number, memo[imagesMemo] as PinnedImages);
      }
      await Promise.all(
        releases
          .filter((number) => !found.has(number))
          .map(async (number) => {
            const contents = await contentsOf(stack, environment, number);
            if (contents) found.set(number, contents.images);
          }),
      );
      return found;
    },

    configs: async (workflowId, runId) => (await startOf(client, workflowId, runId)).stack.configs,

    readSession: (workflowId, from) => workflow.getHandle(workflowId).query(sessionQuery, { of: 'client', from }),

    writeSession: (workflowId, sealed) => workflow.getHandle(workflowId).signal(fromCommandSignal, { sealed }),

    async dropRelease(stack, environment, release) {
      await unlessMissing(() => workflow.getHandle(releaseId({ stack, environment }, release)).signal(pruneSignal));
    },
  };
}

function numberOf(workflowId: string): number {
  return Number(workflowId.split('/').at(-1));
}

function summaryOf({ name }: HostPlace): string {
  return `reserved ports and capacity of ${name ?? 'the host'}`;
}
