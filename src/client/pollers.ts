import type { Client } from '@temporalio/client';
import { hostQueue, taskQueue } from '../workflows/messages';

const workflowTasks = 1;
const activityTasks = 2;

/** What Temporal knows of the workers that poll the engine's task queue. */
export function pollersOf(client: Client) {
  return pollers(client, taskQueue, workflowTasks);
}

/** The same of the workers that serve a host. */
export function pollersOfHost(client: Client, host: string) {
  return pollers(client, hostQueue(host), activityTasks);
}

async function pollers({ connection, options: { namespace } }: Client, name: string, taskQueueType: number) {
  const described = await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name }, taskQueueType });
  return described.pollers ?? [];
}
