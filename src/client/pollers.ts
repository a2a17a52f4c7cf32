import type { Client } from '@temporalio/client';
import { taskQueue } from '../workflows/messages';

const workflowTasks = 1;

/** What Temporal knows of the workers that poll the engine's task queue. */
export async function pollersOf({ connection, options: { namespace } }: Client) {
  const { pollers } = await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType: workflowTasks });
  return pollers ?? [];
}
