import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { lastPollOf } from './pollers';
import { unlessMissing } from './unless-missing';

const pollMs = 500;
/** Workflow tasks that fail one after the other: code or a payload that the workers cannot digest. */
const failedAttempts = 3;
/** Enough to find the last signal or the last completed task: between them are but the results of activities. */
const newestEvents = 250;
const scheduled = 1;
/** A worker that is there asks for work at least every minute. */
const longestPollMs = 75_000;

/** How long a workflow may leave a message alone, in ms. */
export interface ResponseLimits {
  /** While its tasks fail. */
  failingMs: number;
  /** While no worker takes its task: the build that it is pinned to is gone. */
  unservedMs: number;
}

export const responseLimits: ResponseLimits = { failingMs: 15_000, unservedMs: 90_000 };

/**
 * `answered`: it has taken in what it was sent before. `over`: it has ended, or there is none. `unserved`: no worker is
 * there at all, of no build.
 */
export type Response = 'answered' | 'over' | 'stuck' | 'unserved';

/** Waits until a workflow has taken in what it was sent, or it is plain that it cannot. */
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
    if (!isRunning && attempt <= 1 && (await hasTakenIn(workflow))) return 'answered';
    if (attempt >= failedAttempts && Date.now() - begin >= failingMs) return 'stuck';
    const task = `${pending?.scheduledTime?.seconds?.toString()}.${pending?.scheduledTime?.nanos}`;
    if (first?.task !== task) first = { task, since: Date.now() };
    if (!isRunning && attempt < failedAttempts && Date.now() - first.since >= unservedMs)
      return (await isServed(workflow, begin)) ? 'stuck' : 'unserved';
  }
}

/**
 * A workflow task has been completed since the last signal. While one runs that cannot be told: what comes meanwhile is
 * not in the history yet.
 */
async function hasTakenIn({ client, workflowId }: WorkflowHandle): Promise<boolean> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: client.options.namespace,
    execution: { workflowId },
    maximumPageSize: newestEvents,
  });
  const telling = history?.events?.find(
    (event) => event.workflowTaskCompletedEventAttributes ?? event.workflowExecutionSignaledEventAttributes,
  );
  return telling !== undefined && !telling.workflowExecutionSignaledEventAttributes;
}

/** Some worker has asked for work since then, though not for the tasks of this workflow. */
async function isServed({ client }: WorkflowHandle, since: number): Promise<boolean> {
  const lastPoll = await lastPollOf(client);
  return lastPoll !== undefined && lastPoll.getTime() > since;
}

/** What became of a workflow that was asked to end. */
export type Ending = Exclude<Response, 'stuck'> | 'terminated';

/** Terminates a workflow that cannot take in what it was sent. One that can is left to come to its end. */
export async function endIfStuck(workflow: WorkflowHandle, by: string, given?: ResponseLimits): Promise<Ending> {
  const lastPoll = await lastPollOf(workflow.client);
  const isAway = lastPoll === undefined || Date.now() - lastPoll.getTime() > longestPollMs;
  const response = await responseOf(
    workflow,
    given ?? (isAway ? { ...responseLimits, unservedMs: 0 } : responseLimits),
  );
  if (response !== 'stuck') return response;
  await unlessMissing(() => workflow.terminate(`ended for ${by}: its workflow tasks fail, or no worker takes them`));
  return 'terminated';
}
