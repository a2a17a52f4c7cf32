import { z } from 'zod';
import { longestReason } from '../../model/text';
import { answerOf, done, flag, moment, name, place, route, type Route } from '../route';
import { freeze, sealingKey, time, watchPause } from './answers';

/** What is ordered for an environment between deployments: freezes, pauses of the watch, stored secrets. */

const tag = 'controls';
const keyUses = answerOf({
  key: z.string(),
  secrets: z.array(z.string()),
  releases: z.array(z.int()),
  registries: z.array(z.string()),
});
const order = z.object({
  until: moment.optional(),
  reason: z.string().min(1).max(longestReason).optional(),
});

export const controlRoutes: Route[] = [
  route({
    method: 'PUT',
    path: '/environments/:stack/:environment/freeze',
    action: 'environment.freeze',
    tag,
    summary: 'Freezes an environment: no deployment starts',
    params: place,
    body: order.extend({ refuse: z.boolean().optional().describe('refuse requests instead of queueing them') }),
    answer: freeze,
    handle: ({ client, params, body }) => client.freeze(params, body),
  }),
  route({
    method: 'DELETE',
    path: '/environments/:stack/:environment/freeze',
    action: 'environment.freeze',
    tag,
    summary: 'Ends a freeze',
    params: place,
    ...done,
    handle: ({ client, params }) => client.thaw(params),
  }),
  route({
    method: 'PUT',
    path: '/environments/:stack/:environment/watch/pause',
    action: 'watch.pause',
    tag,
    summary: 'Pauses automatic restarts and repairs',
    params: place,
    body: order,
    answer: watchPause,
    handle: ({ client, params, body }) => client.pauseWatch(params, body),
  }),
  route({
    method: 'DELETE',
    path: '/environments/:stack/:environment/watch/pause',
    action: 'watch.pause',
    tag,
    summary: 'Resumes automatic restarts and repairs',
    params: place,
    ...done,
    handle: ({ client, params }) => client.resumeWatch(params),
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/secrets',
    action: 'secrets.read',
    tag,
    summary: 'The names of the stored secrets, never their values',
    params: place,
    answer: z.object({ secrets: z.array(answerOf({ name: z.string(), by: z.string(), at: time, key: z.string() })) }),
    handle: async ({ client, params }) => ({ secrets: await client.secrets.list(params) }),
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/sealing-key',
    action: 'secrets.read',
    tag,
    summary: 'The public key with which a client seals secrets',
    params: place,
    answer: sealingKey,
    handle: ({ client, params }) => client.sealingKey(params),
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/sealing-key/uses',
    action: 'secrets.read',
    tag,
    summary: 'Which keys stored secrets, kept releases and logins at registries still need',
    params: place,
    answer: z.object({ current: z.string(), uses: z.array(keyUses) }),
    handle: ({ client, params }) => client.secrets.keys(params),
  }),
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/secrets/resealing',
    repeated: 'effect',
    action: 'secrets.write',
    tag,
    summary: 'Seals what is stored with the current key of the engine',
    params: place,
    answer: z.object({ resealed: z.array(z.string()) }),
    handle: async ({ client, params }) => ({ resealed: await client.secrets.reseal(params) }),
  }),
  route({
    method: 'PUT',
    path: '/environments/:stack/:environment/secrets/:secret',
    action: 'secrets.write',
    tag,
    summary: 'Stores a secret that the client has sealed; the server never sees its value',
    params: place.extend({ secret: name('stored') }),
    body: z.object({ sealed: name('ciphertext') }),
    ...done,
    handle: ({ client, params, body }) => client.secrets.store(params, params.secret, body.sealed),
  }),
  route({
    method: 'DELETE',
    path: '/environments/:stack/:environment/secrets/:secret',
    action: 'secrets.write',
    tag,
    summary: 'Removes a stored secret; refused while the current release uses it, unless force is set',
    params: place.extend({ secret: name('stored') }),
    query: z.object({ force: flag.default(false) }),
    ...done,
    handle: ({ client, params, query }) => client.secrets.remove(params, params.secret, query),
  }),
];
