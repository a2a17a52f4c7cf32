import { z } from 'zod';
import { roles } from '../../model/access';
import { answerOf, done, moment, name, route, type Route } from '../route';

/** What belongs to the whole installation: the caller, roles and tokens, logins at registries. */

const role = z.enum(roles);
const limit = z.object({ role, scope: name('scope') });
const longestNote = 200;

export const installationRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/whoami',
    action: 'own',
    tag: 'access',
    summary: 'The caller and its roles',
    answer: z.object({
      subject: z.string(),
      token: z.string(),
      roles: z.array(z.object({ role, scope: z.string() })),
      limit: limit.optional(),
    }),
    handle: async ({ caller: { subject, token, roles: given, limit: most } }) => ({
      subject,
      token,
      roles: given.map(({ role: each, scope }) => ({ role: each, scope })),
      ...(most && { limit: most }),
    }),
  }),
  route({
    method: 'GET',
    path: '/access/roles',
    action: 'access.read',
    tag: 'access',
    summary: 'Who has which role where',
    answer: z.object({ roles: z.array(answerOf({ subject: z.string(), role, scope: z.string() })) }),
    handle: async ({ client }) => ({ roles: await client.access.bindings() }),
  }),
  route({
    method: 'PUT',
    path: '/access/roles',
    action: 'access.write',
    tag: 'access',
    summary: 'Gives a subject a role in a scope, instead of the one that it has there',
    body: z.object({ subject: name('subject'), role, scope: name('scope') }),
    ...done,
    handle: ({ client, body }) => client.access.grant(body),
  }),
  route({
    method: 'DELETE',
    path: '/access/roles',
    action: 'access.write',
    tag: 'access',
    summary: 'Takes the role that a subject has in a scope',
    query: z.object({ subject: name('subject'), scope: name('scope') }),
    ...done,
    handle: ({ client, query }) => client.access.withdraw(query.subject, query.scope),
  }),
  route({
    method: 'GET',
    path: '/access/tokens',
    action: 'access.read',
    tag: 'access',
    summary: 'The tokens, without their secrets',
    answer: z.object({ tokens: z.array(answerOf({ id: z.string(), subject: z.string() })) }),
    handle: async ({ client }) => ({ tokens: await client.access.tokens() }),
  }),
  route({
    method: 'POST',
    path: '/access/tokens',
    action: 'access.write',
    tag: 'access',
    summary: 'Creates a token of a subject; its text is in this answer only',
    body: z.object({
      subject: name('subject'),
      limit: limit.optional().describe('the token has no more than this'),
      until: moment.optional(),
      note: z.string().min(1).max(longestNote).optional(),
    }),
    answer: z.object({ id: z.string(), token: z.string() }),
    status: 201,
    handle: ({ client, body: { subject, ...options } }) => client.access.createToken(subject, options),
  }),
  route({
    method: 'DELETE',
    path: '/access/tokens/:token',
    action: 'access.write',
    tag: 'access',
    summary: 'Revokes a token; every server refuses it within five seconds',
    params: z.object({ token: name('tokenId') }),
    ...done,
    handle: ({ client, params }) => client.access.revokeToken(params.token),
  }),
  route({
    method: 'GET',
    path: '/registries',
    action: 'registries.read',
    tag: 'registries',
    summary: 'The logins at image registries, without passwords',
    answer: z.object({ registries: z.array(answerOf({ registry: z.string(), user: z.string() })) }),
    handle: async ({ client }) => ({ registries: await client.registries.list() }),
  }),
  route({
    method: 'DELETE',
    path: '/registries/:registry',
    action: 'registries.write',
    tag: 'registries',
    summary: 'Removes the login at a registry',
    params: z.object({ registry: name('registry') }),
    ...done,
    handle: async ({ client, params }) => void (await client.registries.logout(params.registry)),
  }),
];
