import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { answerWithinMs } from './ask';
import { lastPollOf } from './pollers';
import { noWorker } from './temporal-errors';

const firstLookMs = 100;
const longestPauseMs = 1000;
/** A worker that asks for work while its answer is awaited is there, however busy it is. */
const busyWithinMs = 60_000;

/**
 * Waits until a worker has taken the first task of a workflow, as a rule at once. A worker that has died is known to
 * Temporal for minutes: only the task that nobody takes tells. The workflow is ended then, so that no late worker
 * answers a question that nobody asks any more.
 * @throws NoWorker
 */
export async function untilTaken(client: Client, workflow: WorkflowHandle): Promise<void> {
  const begin = Date.now();
  for (let pause = firstLookMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    const isOver = await Promise.race([
      workflow.result().then(
        () => true,
        () => true,
      ),
      sleep(pause, false),
    ]);
    if (isOver || (await isTaken(workflow))) return;
    const waited = Date.now() - begin;
    if (waited < answerWithinMs) continue;
    const lastPoll = await lastPollOf(client);
    if (lastPoll && lastPoll.getTime() > begin && waited < busyWithinMs) continue;
    await workflow.terminate('no worker took it in time').catch(() => undefined);
    throw noWorker(lastPoll);
  }
}

async function isTaken(workflow: WorkflowHandle): Promise<boolean> {
  const { raw, historyLength } = await workflow.describe();
  return historyLength > 2 || Number(raw.pendingWorkflowTask?.state ?? 0) === started;
}

/** Of a workflow task, by the API of Temporal. */
const started = 2;
