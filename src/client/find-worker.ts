import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { taskQueue } from '../workflows/messages';
import { EngineUnreachable } from './errors';
import { pollersOf } from './pollers';

const patienceMs = 3000;
const pauseMs = 100;

/** Waits for a worker that may have been started just now. @throws {EngineUnreachable} where none comes */
export async function findWorker(client: Client): Promise<void> {
  for (const deadline = Date.now() + patienceMs; (await pollersOf(client)).length === 0; await sleep(pauseMs)) {
    if (Date.now() > deadline) throw new EngineUnreachable(`no worker polls the task queue "${taskQueue}"`, 'start one with `deploy-code worker`, and look at its log');
  }
}
