import { z } from 'zod';
import { answerOf, done, name, route, type Route } from '../route';

/** The local users of the installation. */

const user = z.object({ user: name('localUser') });
const invitation = z.object({
  user: z.string(),
  path: z.string().describe('belongs behind the address of the server; the user sets a password there, once'),
  until: z.string(),
});
const shared = { tag: 'access', action: 'access.write' } as const;

export const userRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/access/users',
    action: 'access.read',
    tag: 'access',
    summary: 'The local users, without anything secret',
    answer: z.object({ users: z.array(answerOf({ name: z.string() })), secondFactor: z.boolean() }),
    handle: async ({ client: { access } }) => ({
      users: await access.users.list(),
      secondFactor: await access.users.needsSecondFactor(),
    }),
  }),
  route({
    ...shared,
    method: 'POST',
    path: '/access/users',
    repeated: 'key',
    summary: 'Adds a user; the link to set a password is in this answer only',
    body: z.strictObject({ name: name('localUser') }),
    answer: invitation,
    status: 201,
    handle: ({ client, body, requestId }) => client.access.users.add(body.name, { requestId }),
  }),
  route({
    ...shared,
    method: 'POST',
    path: '/access/users/:user/invitation',
    repeated: 'effect',
    summary: 'A new link to set a password, instead of the one before',
    params: user,
    answer: invitation,
    status: 201,
    handle: ({ client, params }) => client.access.users.invite(params.user),
  }),
  route({
    ...shared,
    method: 'POST',
    path: '/access/users/:user/reset',
    repeated: 'effect',
    summary: 'Takes password, second factors, sessions and tokens of a user, and makes a new link',
    params: user,
    answer: invitation,
    status: 201,
    handle: ({ client, params }) => client.access.users.reset(params.user),
  }),
  route({
    ...shared,
    method: 'PUT',
    path: '/access/users/:user/disabled',
    summary: 'The user cannot log in any more; sessions and tokens end',
    params: user,
    ...done,
    handle: ({ client, params }) => client.access.users.disable(params.user),
  }),
  route({
    ...shared,
    method: 'DELETE',
    path: '/access/users/:user/disabled',
    summary: 'The user can log in again, also after too many failed attempts',
    params: user,
    ...done,
    handle: ({ client, params }) => client.access.users.enable(params.user),
  }),
  route({
    ...shared,
    method: 'DELETE',
    path: '/access/users/:user',
    summary: 'Removes a user with its roles, sessions and tokens',
    params: user,
    ...done,
    handle: ({ client, params }) => client.access.users.remove(params.user),
  }),
  route({
    ...shared,
    method: 'PUT',
    path: '/access/second-factor',
    summary: 'Whether local users need a second factor; those without one set it up at their next log-in',
    body: z.strictObject({ required: z.boolean() }),
    ...done,
    handle: ({ client, body }) => client.access.users.requireSecondFactor(body.required),
  }),
];
