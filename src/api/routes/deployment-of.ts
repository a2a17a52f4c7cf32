import { z } from 'zod';
import type { DeploymentHandle, DirectClient } from '../../client';
import type { Stack } from '../../model/stack';
import { longestReason } from '../../model/text';
import { deploymentId } from '../../workflows/messages';
import { deploymentPattern } from '../live/topics';
import { ApiProblem, orNotFound } from '../problems';
import { place } from '../route';

/** What the routes of deployments share. */

export const tag = 'deployments';
export const reason = z.string().min(1).max(longestReason).optional().describe('shown in the history');
export const notRead = 'is not a stack as deploy-code reads it from a file';

export const deploymentParams = place.extend({
  deployment: z.string().regex(deploymentPattern, 'write the number or the id of a deployment'),
});

/** A deployment of the environment of a request, by its number or its id. */
export async function find(
  client: DirectClient,
  { stack: of, environment, deployment: text }: z.output<typeof deploymentParams>,
): Promise<DeploymentHandle> {
  const where = { stack: of, environment };
  if (!/^[0-9]+$/.test(text)) return client.handle(deploymentId(where, text));
  return orNotFound(client.deployment(where, Number(text)));
}

/** A stack with the stored secrets that it uses. @throws ApiProblem if it is no stack */
export async function complete(client: DirectClient, given: Stack): Promise<Stack> {
  try {
    return await client.withStored(given);
  } catch (error) {
    if (error instanceof TypeError) throw new ApiProblem('bad_input', notRead);
    throw error;
  }
}
