import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import { answerWithinMs } from './ask';
import { lastPollOf } from './pollers';
import { noWorker } from './temporal-errors';

const firstCheckMs = 100;
const longestPauseMs = 1000;
/** A worker that polls during the wait is running, even if it is busy for this long. */
const busyWithinMs = 60_000;

/**
 * Waits until a worker has taken the first task of a workflow. Temporal lists a dead worker for minutes, so only a task
 * that is not taken shows its absence. The workflow is terminated then, so that no worker performs it later.
 * @throws NoWorker
 */
export async function untilTaken(client: Client, workflow: WorkflowHandle): Promise<void> {
  const over = new AbortController();
  const result = client.connection
    .withAbortSignal(over.signal, () => workflow.result())
    .then(
      () => true,
      () => true,
    );
  try {
    await untilTakenOr(result, client, workflow);
  } finally {
    over.abort();
  }
}

async function untilTakenOr(result: Promise<boolean>, client: Client, workflow: WorkflowHandle): Promise<void> {
  const begin = Date.now();
  for (let pause = firstCheckMs; ; pause = Math.min(pause * 2, longestPauseMs)) {
    const isOver = await Promise.race([result, sleep(pause, false)]);
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

/** State of a workflow task in Temporal's API. */
const started = 2;
