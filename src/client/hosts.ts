import type { Client } from '@temporalio/client';
import { placeOf } from '../model/stack/runtime-of';
import type { Stack } from '../model/stack';
import type { RuntimeName } from '../model/runtimes';
import type { HostBreaker } from '../model/host';
import { hostId, hostQuery, taskQueue } from '../workflows/messages';
import { ask } from '../temporal/ask';
import { pollersOf, pollersOfHost } from '../temporal/pollers';
import { unlessMissing } from '../temporal/unless-missing';

/** A host of a stack, with its workers and its circuit breaker. */
export interface HostLine {
  /** Absent for the host of a stack without `infrastructure.hosts`. */
  name?: string;
  runtime: RuntimeName;
  zone?: string;
  address?: string;
  taskQueue: string;
  /** Number of workers that serve it. */
  workers: number;
  /** Deployments that run on it now: `deployment 12 of shop/production`. */
  taking: string[];
  /** Consecutive deployments that failed because of it; absent if the last one did not. */
  breaker?: HostBreaker;
}

/** The hosts of a stack, in the order of its file. */
export function listHosts(client: Client, stack: Stack): Promise<HostLine[]> {
  const named = stack.hosts ?? [{ name: undefined }];
  return Promise.all(
    named.map(async (host): Promise<HostLine> => {
      const { name } = host;
      const place = placeOf(host, stack);
      const [workers, state] = await Promise.all([
        name === undefined ? pollersOf(client) : pollersOfHost(client, name),
        unlessMissing(() => ask(client, () => client.workflow.getHandle(hostId(place)).query(hostQuery))),
      ]);
      const { zone, address } = 'capacity' in host ? host : {};
      return {
        name,
        runtime: place.runtime,
        zone,
        address,
        taskQueue: name === undefined ? taskQueue : `${taskQueue}/${name}`,
        workers: workers.length,
        taking: state?.claims.map(({ by }) => by) ?? [],
        ...(state?.breaker && { breaker: state.breaker }),
      };
    }),
  );
}
