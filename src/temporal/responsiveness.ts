import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { lastPollOf } from './pollers';
import { unlessMissing } from './unless-missing';

const pollMs = 500;
/** After so many failed attempts of a workflow task, the workers cannot handle its code or a payload. */
const failedAttempts = 3;
/** Enough to find the last signal or completed task: only results of activities are between them. */
const newestEvents = 250;
const scheduled = 1;
/** A running worker polls at least every minute. */
const longestPollMs = 75_000;

/** Time in ms after which a workflow that has not handled a message is stuck. */
export interface ResponseLimits {
  /** If its tasks fail. */
  failingMs: number;
  /** If no worker takes its task, because none runs the build that it is pinned to. */
  unservedMs: number;
}

export const responseLimits: ResponseLimits = { failingMs: 15_000, unservedMs: 90_000 };

/**
 * `answered`: the workflow has handled the messages so far. `over`: it has ended, or does not exist. `unserved`: no
 * worker of any build runs.
 */
export type Response = 'answered' | 'over' | 'stuck' | 'unserved';

/** Waits until a workflow has handled the messages so far, or has turned out to be stuck. */
export async function responseOf(
  workflow: WorkflowHandle,
  { failingMs, unservedMs }: ResponseLimits,
): Promise<Response> {
  const begin = Date.now();
  for (let first: { task: string; since: number } | undefined; ; await sleep(pollMs)) {
    const description = await unlessMissing(() => workflow.describe());
    if (description?.status.name !== 'RUNNING') return 'over';
    const pending = description.raw.pendingWorkflowTask ?? undefined;
    const attempt = pending?.attempt ?? 1;
    const isRunning = pending !== undefined && Number(pending.state) !== scheduled;
    if (!isRunning && attempt <= 1 && (await hasHandledSignals(workflow))) return 'answered';
    if (attempt >= failedAttempts && Date.now() - begin >= failingMs) return 'stuck';
    const task = `${pending?.scheduledTime?.seconds?.toString()}.${pending?.scheduledTime?.nanos}`;
    if (first?.task !== task) first = { task, since: Date.now() };
    if (!isRunning && attempt < failedAttempts && Date.now() - first.since >= unservedMs)
      return (await isServed(workflow, begin)) ? 'stuck' : 'unserved';
  }
}

/**
 * True if a workflow task was completed since the last signal. Not reliable while a task runs: signals that arrive
 * meanwhile are not in the history yet.
 */
async function hasHandledSignals({ client, workflowId }: WorkflowHandle): Promise<boolean> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId },
    maximumPageSize: newestEvents,
  });
  const last = history?.events?.find(
    (event) => event.workflowTaskCompletedEventAttributes ?? event.workflowExecutionSignaledEventAttributes,
  );
  return last !== undefined && !last.workflowExecutionSignaledEventAttributes;
}

/** True if a worker has polled since then, even if it does not take the tasks of this workflow. */
async function isServed({ client }: WorkflowHandle, since: number): Promise<boolean> {
  const lastPoll = await lastPollOf(client);
  return lastPoll !== undefined && lastPoll.getTime() > since;
}

/** The result of a request to end a workflow. */
export type Ending = Exclude<Response, 'stuck'> | 'terminated';

/** Terminates a workflow that is stuck; any other can handle its messages and end by itself. */
export async function endIfStuck(workflow: WorkflowHandle, by: string, given?: ResponseLimits): Promise<Ending> {
  const lastPoll = await lastPollOf(workflow.client);
  const isAway = lastPoll === undefined || Date.now() - lastPoll.getTime() > longestPollMs;
  const response = await responseOf(
    workflow,
    given ?? (isAway ? { ...responseLimits, unservedMs: 0 } : responseLimits),
  );
  if (response !== 'stuck') return response;
  await unlessMissing(() =>
    workflow.terminate(`terminated for ${by}: its workflow tasks fail, or no worker takes them`),
  );
  return 'terminated';
}
