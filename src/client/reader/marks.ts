import type { Client, WorkflowExecutionInfo } from '@temporalio/client';
import { isName } from '../../model/names';
import { searchAttributes, type Place } from '../../workflows/messages';
import { runningDeployments, runningEnvironments } from '../../temporal/visibility';

/** What a list of Temporal says of an environment. If none of it changes, the environment has hardly changed. */
export interface EnvironmentMark {
  place: Place;
  /** What the watch has found last: `healthy`, `degraded` or `drifted`. */
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

/** Environments by `STACK/ENVIRONMENT`, with two lists of Temporal and no query. */
export async function listMarks(client: Client, most: number): Promise<Map<string, EnvironmentMark>> {
  const marks = new Map<string, EnvironmentMark>();
  for await (const { workflowId, typedSearchAttributes } of client.workflow.list({ query: runningEnvironments })) {
    const [, stack, environment] = workflowId.split('/');
    if (!isName('stack', stack) || !isName('environment', environment)) continue;
    const found = typedSearchAttributes.get(searchAttributes.status);
    marks.set(`${stack}/${environment}`, {
      place: { stack, environment },
      ...(found !== undefined && { found }),
      deployments: [],
    });
    if (marks.size === most) break;
  }
  for await (const execution of client.workflow.list({ query: runningDeployments }))
    marks.get(keyOf(execution))?.deployments.push(deploymentMark(execution));
  return marks;
}

function keyOf({ workflowId }: WorkflowExecutionInfo): string {
  return workflowId.split('/').slice(1, 3).join('/');
}

function deploymentMark({ workflowId, typedSearchAttributes, startTime }: WorkflowExecutionInfo): DeploymentMark {
  const status = typedSearchAttributes.get(searchAttributes.status);
  return { workflowId, ...(status !== undefined && { status }), startedAt: startTime };
}
