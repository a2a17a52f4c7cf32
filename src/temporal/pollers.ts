import type { Client, ConnectionLike } from '@temporalio/client';
import { hostQueue, taskQueue } from '../workflows/messages';

/** The part of a client that is needed to query pollers. */
type Polled = { connection: ConnectionLike; options: { namespace: string } };

const workflowTasks = 1;
const activityTasks = 2;

/** The workers that poll the engine's task queue for workflow tasks. */
export function pollersOf(client: Polled) {
  return pollers(client, taskQueue, workflowTasks);
}

/** The workers that serve a host. */
export function pollersOfHost(client: Client, host: string) {
  return activityPollers(client, hostQueue(host));
}

/** The workers that poll a task queue for activities. */
export function activityPollers(client: Polled, queue: string) {
  return pollers(client, queue, activityTasks);
}

/** Time of the last poll by any worker; undefined if none has polled for minutes. */
export async function lastPollOf(client: Polled): Promise<Date | undefined> {
  return lastOf(await pollersOf(client));
}

/** Time of the last of these polls; undefined if there are none. */
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
