import { type Client, WorkflowFailedError } from '@temporalio/client';
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
      status:
        status.name === 'RUNNING' || status.name === 'COMPLETED'
          ? (typedSearchAttributes.get(searchAttributes.status) ?? status.name.toLowerCase())
          : status.name.toLowerCase(),
      startedAt: startTime,
      endedAt: closeTime,
    });
    if (entries.length === limit) break;
  }
  return Promise.all(
    entries.map(async (entry) => ({ ...entry, result: entry.endedAt && (await resultOf(client, entry.workflowId)) })),
  );
}

async function resultOf(client: Client, workflowId: string): Promise<DeploymentResult | undefined> {
  try {
    return (await client.workflow.getHandle(workflowId).result()) as DeploymentResult;
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
