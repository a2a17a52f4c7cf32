import { type Client, WorkflowFailedError, type WorkflowExecutionStatusName } from '@temporalio/client';
import { outcomes } from '../model/deployment';
import { resultOf } from './result-of';
import { searchAttributes, type DeploymentResult, type Place } from '../workflows/messages';
import { deploymentNumbered, deploymentsOf } from '../temporal/visibility';

/** A deployment in the history of an environment. */
export interface HistoryEntry {
  workflowId: string;
  deployment?: number;
  release?: number;
  status: string;
  startedAt: Date;
  endedAt?: Date;
  result?: DeploymentResult;
}

/** Deployments of an environment, newest first. */
export async function listHistory(client: Client, place: Place, limit: number): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  for await (const { workflowId, typedSearchAttributes, startTime, closeTime, status } of client.workflow.list({
    query: deploymentsOf(place),
    pageSize: limit,
  })) {
    entries.push({
      workflowId,
      deployment: typedSearchAttributes.get(searchAttributes.number),
      release: typedSearchAttributes.get(searchAttributes.release),
      status: statusOf(status.name, typedSearchAttributes.get(searchAttributes.status)),
      startedAt: startTime,
      endedAt: closeTime,
    });
    if (entries.length === limit) break;
  }
  return Promise.all(
    entries.map(async (entry) => ({ ...entry, result: entry.endedAt && (await endOf(client, entry.workflowId)) })),
  );
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
