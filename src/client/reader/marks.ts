import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { isDeploymentId, isName, placeOfDeployment } from '../../model/names';
import { searchAttributes, type Place } from '../../workflows/messages';
import { placeKey } from '../place';
import { runningDeployments, runningEnvironments } from '../../temporal/visibility';

/** The entry of an environment in Temporal's lists. While it stays the same, the environment has hardly changed. */
export interface EnvironmentMark {
  place: Place;
  /** The last finding of the watch: `healthy`, `degraded` or `drifted`. */
  found?: string;
  /** Deployments that run or wait. */
  deployments: DeploymentMark[];
}

export interface DeploymentMark {
  workflowId: string;
  /** `running`, or `waiting` for a person. */
  status?: string;
  startedAt: Date;
}

/** The environments that have been deployed. */
export async function* listEnvironments(
  client: Client,
): AsyncGenerator<{ place: Place; execution: WorkflowExecutionInfo }> {
  for await (const execution of client.workflow.list({ query: runningEnvironments })) {
    const [, stack, environment] = execution.workflowId.split('/');
    if (isName('stack', stack) && isName('environment', environment))
      yield { place: { stack, environment }, execution };
  }
}

/** Environments by `STACK/ENVIRONMENT`, with two lists of Temporal and no query. */
export async function listMarks(client: Client, most: number): Promise<Map<string, EnvironmentMark>> {
  const marks = new Map<string, EnvironmentMark>();
  for await (const { place, execution } of listEnvironments(client)) {
    const found = execution.typedSearchAttributes.get(searchAttributes.status);
    marks.set(placeKey(place), { place, ...(found !== undefined && { found }), deployments: [] });
    if (marks.size === most) break;
  }
  for await (const execution of client.workflow.list({ query: runningDeployments })) {
    const { workflowId } = execution;
    // Anybody who reaches Temporal can start a workflow with another id.
    if (!isDeploymentId(workflowId)) continue;
    marks.get(placeKey(placeOfDeployment(workflowId)))?.deployments.push(deploymentMark(execution));
  }
  return marks;
}

function deploymentMark({ workflowId, typedSearchAttributes, startTime }: WorkflowExecutionInfo): DeploymentMark {
  const status = typedSearchAttributes.get(searchAttributes.status);
  return { workflowId, ...(status !== undefined && { status }), startedAt: startTime };
}
