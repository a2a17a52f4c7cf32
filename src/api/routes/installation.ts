import { z } from 'zod';
import { roles } from '../../model/access';
import { installation } from '../../workflows/messages';
import type { AccessDirectory } from '../access/directory';
import { ApiProblem } from '../problems';
import { auditPage, auditQuery, next, pageOf, pageQuery } from '../pages';
import { answerOf, done, moment, name, named, route, type Route } from '../route';
import { auditFields, sealingKey, time } from './answers';

/** What belongs to the whole installation: the caller, roles and tokens, logins at registries. */

const role = z.enum(roles);
const limit = named('Limit', z.object({ role, scope: name('scope') }));
const token = named(
  'Token',
  answerOf({
    id: z.string(),
    subject: z.string(),
    note: z.string().optional(),
    limit: limit.optional(),
    by: z.string(),
    at: time,
    until: time.optional(),
    usedAt: time.optional(),
  }),
);
const longestNote = 200;

export const installationRoutes: Route[] = [
  route({
    method: 'GET',
    path: '/whoami',
    action: 'own',
    fromMemory: true,
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
    query: pageQuery(200),
    answer: z.object({
      roles: z.array(
        answerOf({
          subject: z.string(),
          role,
          scope: z.string(),
          declared: z.boolean().optional().describe('in the access file of the server, where alone it can be changed'),
        }),
      ),
      ...next,
    }),
    handle: async ({ client, access, query }) => {
      const declared = access.declared().map((each) => ({ ...each, declared: true }));
      const all = [...(await client.access.bindings()), ...declared];
      const { page, ...more } = pageOf(all, ({ subject, scope }) => `${subject} ${scope}`, query);
      return { roles: page, ...more };
    },
  }),
  route({
    method: 'PUT',
    path: '/access/roles',
    action: 'access.write',
    tag: 'access',
    summary: 'Gives a subject a role in a scope, instead of the one that it has there',
    body: z.object({ subject: name('subject'), role, scope: name('scope') }),
    ...done,
    handle: async ({ client, access, body }) => {
      requireUndeclared(access, body);
      await client.access.grant(body);
    },
  }),
  route({
    method: 'DELETE',
    path: '/access/roles',
    action: 'access.write',
    tag: 'access',
    summary: 'Takes the role that a subject has in a scope',
    query: z.object({ subject: name('subject'), scope: name('scope') }),
    ...done,
    handle: async ({ client, access, query }) => {
      requireUndeclared(access, query);
      await client.access.withdraw(query.subject, query.scope);
    },
  }),
  route({
    method: 'GET',
    path: '/access/tokens',
    action: 'access.read',
    tag: 'access',
    summary: 'The tokens, without their secrets',
    query: pageQuery(200),
    answer: z.object({ tokens: z.array(token), ...next }),
    handle: async ({ client, query }) => {
      const key = ({ at, id }: { at: Date; id: string }) => `${at.toISOString()} ${id}`;
      const all = (await client.access.tokens()).sort((one, other) => (key(one) < key(other) ? 1 : -1));
      const { page, ...more } = pageOf(all, key, query, true);
      return { tokens: page, ...more };
    },
  }),
  route({
    method: 'POST',
    path: '/access/tokens',
    repeated: 'key',
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
    handle: ({ client, body: { subject, ...options }, requestId }) =>
      client.access.createToken(subject, { ...options, requestId }),
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
    answer: z.object({
      registries: z.array(
        answerOf({ registry: z.string(), user: z.string(), by: z.string(), at: time, key: z.string() }),
      ),
    }),
    handle: async ({ client }) => ({ registries: await client.registries.list() }),
  }),
  route({
    method: 'PUT',
    path: '/registries/:registry',
    action: 'registries.write',
    tag: 'registries',
    summary: 'Logs in at a registry, with a password that the client has sealed',
    params: z.object({ registry: name('registry') }),
    body: z.object({ user: name('registryUser'), sealed: name('ciphertext') }),
    ...done,
    handle: ({ client, params, body }) => client.registries.store(params.registry, body.user, body.sealed),
  }),
  route({
    method: 'POST',
    path: '/registries/resealing',
    repeated: 'effect',
    action: 'registries.write',
    tag: 'registries',
    summary: 'Seals the logins with the current key of the engine',
    answer: z.object({ resealed: z.array(z.string()) }),
    handle: async ({ client }) => ({ resealed: await client.registries.reseal() }),
  }),
  route({
    method: 'GET',
    path: '/sealing-key',
    action: 'registries.read',
    tag: 'registries',
    summary: 'The public key with which a client seals logins at registries',
    answer: sealingKey,
    handle: ({ client }) => client.sealingKey(installation),
  }),
  route({
    method: 'GET',
    path: '/audit',
    action: 'access.read',
    tag: 'access',
    summary: 'The last records of the audit trail of the installation: logins at registries, roles and tokens',
    query: auditQuery,
    answer: answerOf({ ...auditFields, ...next }),
    handle: ({ client, query }) => auditPage(query, (last, before) => client.registries.audit(last, before)),
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

/** @throws ApiProblem for a role that a file declares: two places would say different things */
function requireUndeclared(access: AccessDirectory, { subject, scope }: { subject: string; scope: string }): void {
  if (access.declared().some((each) => each.subject === subject && each.scope === scope))
    throw new ApiProblem('refused', `the access file of the server declares the role of ${subject} on ${scope}`, {
      advice: 'change it there; servers read the file again',
    });
}
