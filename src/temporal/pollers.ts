import type { Client, ConnectionLike } from '@temporalio/client';
import { hostQueue, taskQueue } from '../workflows/messages';

/** Where Temporal is asked about its workers. */
type Polled = { connection: ConnectionLike; options: { namespace: string } };

const workflowTasks = 1;
const activityTasks = 2;

/** What Temporal knows of the workers that poll the engine's task queue. */
export function pollersOf(client: Polled) {
  return pollers(client, taskQueue, workflowTasks);
}

/** The same of the workers that serve a host. */
export function pollersOfHost(client: Client, host: string) {
  return activityPollers(client, hostQueue(host));
}

/** The same of the workers that take the activities of a task queue. */
export function activityPollers(client: Polled, queue: string) {
  return pollers(client, queue, activityTasks);
}

/** When a worker has last asked for work; undefined where none has for minutes. */
export async function lastPollOf(client: Polled): Promise<Date | undefined> {
  return lastOf(await pollersOf(client));
}

/** When one of these has last asked for work; undefined where there are none. */
export function lastOf(polls: Awaited<ReturnType<typeof pollers>>): Date | undefined {
  const times = polls.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000);
  return times.length > 0 ? new Date(Math.max(...times)) : undefined;
}

async function pollers({ connection, options: { namespace } }: Polled, name: string, taskQueueType: number) {
  const described = await connection.workflowService.describeTaskQueue({
    namespace,
    taskQueue: { name },
    taskQueueType,
  });
  return described.pollers ?? [];
}
