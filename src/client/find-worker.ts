import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { taskQueue } from '../workflows/messages';
import { EngineUnreachable } from './errors';

const patienceMs = 3000;
const pauseMs = 100;

/** Waits for a worker that may have been started just now. @throws {EngineUnreachable} where none comes */
export async function findWorker(client: Client): Promise<void> {
  for (const deadline = Date.now() + patienceMs; !(await isPolled(client)); await sleep(pauseMs)) {
    if (Date.now() > deadline) throw new EngineUnreachable(`no worker polls the task queue "${taskQueue}"`, 'start one with `deploy-code worker`, and look at its log');
  }
}

async function isPolled({ connection, options: { namespace } }: Client): Promise<boolean> {
  const { pollers } = await connection.workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType: 1 });
  return (pollers ?? []).length > 0;
}
