import {
  type Client,
  WorkflowFailedError,
  type WorkflowExecutionInfo,
  type WorkflowExecutionStatusName,
} from '@temporalio/client';
import { isFailure, isSuccess, outcomes, type Outcome } from '../../model/deployment';
import type { Asked } from '../../plan/asked';
import { resultOf } from './result-of';
import { searchAttributes, type DeploymentResult, type EnvironmentState, type Place } from '../../workflows/messages';
import { deploymentNumbered, deploymentsAfter, deploymentsOf } from '../../temporal/visibility';

/** A deployment in the history of an environment. */
export interface HistoryEntry {
  workflowId: string;
  deployment?: number;
  release?: number;
  status: string;
  startedAt: Date;
  endedAt?: Date;
  result?: DeploymentResult;
  /** Who asked for it and for what, while it runs or waits. */
  asked?: Pick<Asked, 'by' | 'intent' | 'reason'>;
}

/** A place in a history, by a deployment that was there: times in ms since the epoch, and the end of its id. */
export interface HistoryPosition {
  startedAt: number;
  endedAt?: number;
  request: string;
}

/** Deployments of an environment, newest first. */
export async function listHistory(
  client: Client,
  place: Place,
  limit: number,
  after?: HistoryPosition,
): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  const query = after ? deploymentsAfter(place, after) : deploymentsOf(place);
  for await (const execution of client.workflow.list({ query, pageSize: limit })) {
    const entry = entryOf(execution);
    if (!after || isAfter(entry, after)) entries.push(entry);
    if (entries.length === limit) break;
  }
  return Promise.all(entries.map((entry) => withResult(client, entry)));
}

/** The query is exact to a millisecond only, and Temporal to less than that. */
function isAfter({ workflowId, startedAt, endedAt }: HistoryEntry, after: HistoryPosition): boolean {
  const [ended, begun] = [endedAt?.getTime() ?? Infinity, startedAt.getTime()];
  const end = after.endedAt ?? Infinity;
  if (ended !== end) return ended < end;
  if (begun !== after.startedAt) return begun < after.startedAt;
  return workflowId.split('/').at(-1)! < after.request;
}

/** Entries with the requests of the deployments that run or wait, which their environment remembers. */
export function withRequests(
  entries: readonly HistoryEntry[],
  { running, queue }: Pick<EnvironmentState, 'running' | 'queue'>,
): HistoryEntry[] {
  const requests = new Map(
    [...(running ? [running] : []), ...queue].map(({ workflowId, asked }) => [workflowId, asked]),
  );
  return entries.map((entry) => {
    const asked = entry.endedAt ? undefined : requests.get(entry.workflowId);
    if (!asked) return entry;
    const { by, intent, reason } = asked;
    return { ...entry, asked: { by, intent, ...(reason !== undefined && { reason }) } };
  });
}

/** A deployment that failed after the last one that did what was requested. */
export interface LaterFailure {
  deployment: number;
  outcome: Outcome | 'lost';
  /** Absent if Temporal no longer has the deployment. */
  endedAt?: Date;
  result?: DeploymentResult;
}

/** The last deployment, if it failed; refused and cancelled ones aside. */
export async function laterFailure(
  client: Client,
  place: Place,
  { recent }: Pick<EnvironmentState, 'recent'>,
): Promise<LaterFailure | undefined> {
  const last = recent.findLast(({ outcome }) => outcome === 'lost' || isSuccess(outcome) || isFailure(outcome));
  if (!last || !isFailure(last.outcome)) return undefined;
  const { deployment, outcome } = last;
  for await (const execution of client.workflow.list({ query: deploymentNumbered(place, deployment) })) {
    const { endedAt, result } = await withResult(client, entryOf(execution));
    return { deployment, outcome, ...(endedAt && { endedAt }), ...(result && { result }) };
  }
  return { deployment, outcome };
}

function entryOf({
  workflowId,
  typedSearchAttributes,
  startTime,
  closeTime,
  status,
}: WorkflowExecutionInfo): HistoryEntry {
  return {
    workflowId,
    deployment: typedSearchAttributes.get(searchAttributes.number),
    release: typedSearchAttributes.get(searchAttributes.release),
    status: statusOf(status.name, typedSearchAttributes.get(searchAttributes.status)),
    startedAt: startTime,
    endedAt: closeTime,
  };
}

async function withResult(client: Client, entry: HistoryEntry): Promise<HistoryEntry> {
  return { ...entry, result: entry.endedAt && (await endOf(client, entry.workflowId)) };
}

/** The outcome; of a workflow that ended without one, how it ended. */
function statusOf(workflow: WorkflowExecutionStatusName, status: string | undefined): string {
  const isTold =
    workflow === 'RUNNING' || workflow === 'COMPLETED' || (outcomes as readonly unknown[]).includes(status);
  return isTold && status !== undefined ? status : workflow.toLowerCase();
}

async function endOf(client: Client, workflowId: string): Promise<DeploymentResult | undefined> {
  try {
    return await resultOf(client.workflow.getHandle(workflowId));
  } catch (error) {
    if (error instanceof WorkflowFailedError) return undefined;
    throw error;
  }
}

/** Workflow ID of a deployment by its number. */
export async function findDeployment(client: Client, place: Place, number: number): Promise<string | undefined> {
  for await (const { workflowId } of client.workflow.list({ query: deploymentNumbered(place, number) }))
    return workflowId;
  return undefined;
}
