import type { Client } from '@temporalio/client';
import { placeOf } from '../model/stack/runtime-of';
import type { Stack } from '../model/stack';
import type { RuntimeName } from '../model/runtimes';
import type { HostBreaker } from '../model/host';
import { hostId, hostQuery, taskQueue } from '../workflows/messages';
import { ask } from '../temporal/ask';
import { pollersOf, pollersOfHost } from '../temporal/pollers';
import { unlessMissing } from '../temporal/unless-missing';

/** A host of a stack, and how deployments fare with it. */
export interface HostLine {
  /** Absent for the one that workers find by themselves. */
  name?: string;
  /** What it is. */
  runtime: RuntimeName;
  zone?: string;
  address?: string;
  taskQueue: string;
  /** Workers that serve it. */
  workers: number;
  /** Who deploys to it just now: `deployment 12 of shop/production`. */
  taking: string[];
  /** Deployments in a row that failed by it; absent where the last one fared well. */
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
