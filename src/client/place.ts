import { requireDeploymentId } from '../model/names';
import type { Stack } from '../model/stack';
import { BadRequest } from '../temporal/errors';
import type { Place } from '../workflows/messages';

/** The place of a stack: its name and environment. */
export function placeOf({ name, environment }: Pick<Stack, 'name' | 'environment'>): Place {
  return { stack: name, environment };
}

/** The name of an environment, as people write it and as a key: `shop/production`. */
export function placeKey({ stack, environment }: Place): string {
  return `${stack}/${environment}`;
}

/** Returns the workflow ID of a deployment. @throws BadRequest if it belongs to another environment */
export function requireDeploymentOf({ stack, environment }: Place, workflowId: string): string {
  if (requireDeploymentId(workflowId).startsWith(`deployment/${stack}/${environment}/`)) return workflowId;
  throw new BadRequest(
    `${workflowId} is not a deployment of ${stack}/${environment}; select ` +
      'its stack file and environment with -c and -e',
  );
}

/** The part of a workflow's id that names the deployment within its environment. */
export function requestOf(workflowId: string): string {
  return workflowId.split('/')[3] ?? workflowId;
}
