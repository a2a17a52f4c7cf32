import { z } from 'zod';
import { answerOf, done, route, type Route } from '../route';
import { time } from './answers';
import { deploymentParams, find } from './deployment-of';

/** Builds of the engine that run side by side during an upgrade. */

const tag = 'builds';

export const buildRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/builds',
    action: 'builds.read',
    tag,
    summary: 'The builds of the engine: the current one, and others that still have deployments',
    answer: z.object({
      builds: z.array(answerOf({ id: z.string(), state: z.string(), workers: z.int(), since: time.optional() })),
    }),
    handle: async ({ client }) => ({ builds: await client.builds.list() }),
  }),
  route({
    method: 'PUT',
    path: '/builds/current',
    action: 'builds.write',
    tag,
    summary: 'Makes a build the current one: new deployments start on it, running ones finish on theirs',
    body: z.object({ build: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.+-]{0,199}$/, 'write the id of a build') }),
    ...done,
    handle: ({ client, body }) => client.builds.promote(body.build),
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/deployments/:deployment/build',
    action: 'environment.read',
    tag,
    summary: 'The build that a deployment waits for, if no worker runs it any more',
    params: deploymentParams,
    answer: z.object({ missing: z.string().optional() }),
    handle: async ({ client, params }) => ({ missing: await client.builds.missing((await find(client, params)).id) }),
  }),
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/deployments/:deployment/adoption',
    repeated: 'effect',
    action: 'deployment.steer',
    tag,
    summary: 'Continues a deployment on the current build if no worker runs its own any more',
    params: deploymentParams,
    ...done,
    handle: async ({ client, params }) => {
      const { id } = await find(client, params);
      await client.builds.missing(id);
      await client.builds.adopt(id);
    },
  }),
];
