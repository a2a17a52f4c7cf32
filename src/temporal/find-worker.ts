import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { taskQueue } from '../workflows/messages';
import { NoWorker } from './errors';
import { pollersOf, pollersOfHost } from './pollers';

const waitMs = 3000;
const pauseMs = 100;

/** Checks that a worker polls, and waits for one that is just starting. @throws NoWorker if there is none */
export async function findWorker(client: Client): Promise<void> {
  if (!(await appears(() => pollersOf(client))))
    throw new NoWorker(
      `no worker polls the task queue "${taskQueue}"`,
      'start one with `deploy-code worker`, and check its log',
    );
}

/** Like {@link findWorker}, for the workers of hosts. */
export async function findHostWorkers(client: Client, hosts: readonly string[]): Promise<void> {
  const missing = await unservedHosts(client, hosts);
  if (missing.length > 0) throw unserved(missing);
}

/** Hosts that no worker serves, after a short wait for workers that are just starting. */
export async function unservedHosts(client: Client, hosts: readonly string[]): Promise<string[]> {
  const served = await Promise.all(hosts.map((host) => appears(() => pollersOfHost(client, host))));
  return hosts.filter((_, index) => !served[index]);
}

export function unserved(hosts: readonly string[]): NoWorker {
  return new NoWorker(
    `no worker serves the host ${hosts.join(', ')}`,
    `start one with \`deploy-code worker --hosts FILE\`, or with \`--serve ${hosts[0]}\` on the host itself`,
  );
}

async function appears(pollers: () => Promise<unknown[]>): Promise<boolean> {
  for (const deadline = Date.now() + waitMs; (await pollers()).length === 0; await sleep(pauseMs))
    if (Date.now() > deadline) return false;
  return true;
}
