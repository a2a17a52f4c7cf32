import { z } from 'zod';
import { longestReason } from '../../model/text';
import { answerOf, name, place, route, type Route } from '../route';

/** What is ordered for an environment between deployments: freezes, pauses of the watch, schedules, stored secrets. */

const tag = 'controls';
const order = z.object({
  until: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .optional(),
  reason: z.string().min(1).max(longestReason).optional(),
});
const schedule = place.extend({ schedule: name('schedule') });
const done = { answer: z.undefined(), status: 204 } as const;

export const controlRoutes: Route[] = [
  route({
    method: 'PUT',
    path: '/environments/:stack/:environment/freeze',
    action: 'environment.freeze',
    tag,
    summary: 'Freezes an environment: no deployment starts',
    params: place,
    body: order.extend({ refuse: z.boolean().optional().describe('refuse requests instead of queueing them') }),
    answer: answerOf({ by: z.string() }),
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
    answer: answerOf({ by: z.string() }),
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
    path: '/environments/:stack/:environment/schedules',
    action: 'schedules.read',
    tag,
    summary: 'The schedules of an environment with their next times',
    params: place,
    answer: z.object({ schedules: z.array(answerOf({})), unreadable: z.array(z.string()) }),
    handle: ({ client, params }) => client.schedules.list(params),
  }),
  route({
    method: 'PUT',
    path: '/environments/:stack/:environment/schedules/:schedule/pause',
    action: 'schedules.write',
    tag,
    summary: 'Pauses a schedule',
    params: schedule,
    ...done,
    handle: ({ client, params, caller }) =>
      client.schedules.pause(params, params.schedule, `paused by ${caller.subject}`),
  }),
  route({
    method: 'DELETE',
    path: '/environments/:stack/:environment/schedules/:schedule/pause',
    action: 'schedules.write',
    tag,
    summary: 'Resumes a schedule',
    params: schedule,
    ...done,
    handle: ({ client, params, caller }) =>
      client.schedules.resume(params, params.schedule, `resumed by ${caller.subject}`),
  }),
  route({
    method: 'DELETE',
    path: '/environments/:stack/:environment/schedules/:schedule',
    action: 'schedules.write',
    tag,
    summary: 'Deletes a schedule',
    params: schedule,
    ...done,
    handle: ({ client, params }) => client.schedules.delete(params, params.schedule),
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/secrets',
    action: 'secrets.read',
    tag,
    summary: 'The names of the stored secrets, never their values',
    params: place,
    answer: z.object({ secrets: z.array(answerOf({ name: z.string(), by: z.string(), key: z.string() })) }),
    handle: async ({ client, params }) => ({ secrets: await client.secrets.list(params) }),
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/sealing-key',
    action: 'secrets.read',
    tag,
    summary: 'The public key with which a client seals secrets',
    params: place,
    answer: answerOf({ id: z.string(), publicKey: z.string() }),
    handle: ({ client, params }) => client.sealingKey(params),
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
    query: z.object({ force: z.stringbool().default(false) }),
    ...done,
    handle: ({ client, params, query }) => client.secrets.remove(params, params.secret, query),
  }),
];
