import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { largestPiece, sessionKeyPattern } from '../../model/session';
import { done, place, route, type Route } from '../route';
import { currentRelease } from './release-of';

/** Commands in instances that take input while they run. Server and Temporal only pass sealed messages on. */

const tag = 'sessions';
const longestCommand = 1000;
const inInstance = place.extend({ instance: z.string().min(1).max(255) });
const inSession = inInstance.extend({ session: z.uuid() });
/** A sealed message is a third longer than its bytes. */
const longestSealed = largestPiece * 2;
const mostColumns = 0xffff;

/** Time in ms that a request waits for messages, or for the end. */
const waitMs = 10_000;
const endWithinMs = 60_000;
const lookEveryMs = 50;
/** How often it looks for messages before it looks whether the command still runs. */
const looksPerCheck = 10;

export const sessionRoutes: Route[] = [
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/instances/:instance/sessions',
    repeated: 'key',
    action: 'instances.exec',
    tag,
    summary: 'Starts a command inside an instance that takes input; messages are sealed between client and worker',
    params: inInstance,
    body: z.object({
      command: z.array(z.string().min(1).max(longestCommand)).min(1).max(100),
      key: z
        .string()
        .regex(sessionKeyPattern, 'write a public key for X25519, as SPKI in base64')
        .describe('public key of the client, X25519 in SPKI'),
      input: z.boolean(),
      terminal: z
        .object({ columns: z.int().min(1).max(mostColumns), rows: z.int().min(1).max(mostColumns) })
        .optional(),
    }),
    answer: z.object({ id: z.string() }),
    status: 201,
    handle: async (call) => {
      const { command, ...session } = call.body;
      const { stack } = await currentRelease(call);
      const { client, params, requestId } = call;
      return { id: await client.beginCommand(stack, params.instance, { command, session, requestId }) };
    },
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/instances/:instance/sessions/:session/messages',
    action: 'instances.exec',
    tag,
    frequent: true,
    summary: 'The messages of the command from a number on; waits for some, at most ten seconds and while it runs',
    params: inSession,
    query: z.object({ from: z.coerce.number().int().min(0).max(1e6).default(0) }),
    answer: z.object({ messages: z.array(z.string()) }),
    handle: async ({ client, params, query, stopping }) => {
      const path = client.sessionPath(params, params.session);
      const begun = Date.now();
      for (let looks = 1; ; looks += 1) {
        const hasEnded = looks % looksPerCheck === 0 && !(await path.isOpen());
        const messages = await path.read(query.from);
        if (messages.length > 0 || hasEnded || stopping.aborted || Date.now() - begun > waitMs) return { messages };
        await sleep(lookEveryMs);
      }
    },
  }),
  route({
    method: 'POST',
    path: '/environments/:stack/:environment/instances/:instance/sessions/:session/messages',
    repeated: 'effect',
    action: 'instances.exec',
    tag,
    frequent: true,
    summary: 'Sends a sealed message to the command',
    params: inSession,
    body: z.object({ sealed: z.string().min(1).max(longestSealed) }),
    ...done,
    handle: ({ client, params, body }) => client.sessionPath(params, params.session).send(body.sealed),
  }),
  route({
    method: 'GET',
    path: '/environments/:stack/:environment/instances/:instance/sessions/:session/result',
    action: 'instances.exec',
    tag,
    summary: 'The exit code of the command; without one after a minute, it still runs',
    params: inSession,
    answer: z.object({ exitCode: z.int().optional() }),
    handle: async ({ client, params, stopping }) => {
      const over = new AbortController();
      const result = client.sessionPath(params, params.session).result();
      const either = AbortSignal.any([over.signal, stopping]);
      const waited = sleep(endWithinMs, undefined, { signal: either }).catch(() => undefined);
      try {
        return { exitCode: (await Promise.race([result, waited]))?.exitCode };
      } finally {
        over.abort();
        result.catch(() => undefined);
      }
    },
  }),
];
