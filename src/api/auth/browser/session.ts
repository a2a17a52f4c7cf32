import type { FastifyReply, FastifyRequest } from 'fastify';
import { actingFor } from '../../../client';
import { newSessionToken } from '../../../guard/access/session-token';
import { lifetimes } from '../../../model/access';
import { browserSessionOf } from '../../access/browser-session';
import { whileReachable } from '../../reach';
import type { AuthContext } from '../context';
import { clearCookie, readCookie, writeCookie } from './cookies';

/** Who somebody is, and how that is known, such as `oidc company`. */
export interface Person {
  subject: string;
  groups: string[];
  method: string;
}

/** Somebody whose browser has a session. */
export interface BrowserSession extends Person {
  id: string;
}

/** The session of a browser; undefined if it has none. */
export async function sessionOf(context: AuthContext, request: FastifyRequest): Promise<BrowserSession | undefined> {
  const { client, access } = context;
  const found = await browserSessionOf(readCookie(context, request, 'session') ?? '', (id) =>
    whileReachable(
      () => access.check(),
      () => client.access.sessions.find(id),
    ),
  );
  if (!found) return undefined;
  const { id, subject, groups, method } = found;
  return { id, subject, groups, method };
}

/**
 * Logs somebody in: opens a new session in place of the one that the browser may have. The id of the session is never
 * one that the browser had before.
 */
export async function openBrowserSession(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
  person: Person,
): Promise<BrowserSession> {
  await endBrowserSession(context, request, reply);
  const { text, ...secrets } = newSessionToken('browser');
  await actingFor({ by: person.subject, from: request.ip }, () =>
    context.client.access.sessions.open({ ...secrets, ...person, kind: 'browser' }),
  );
  writeCookie(context, reply, 'session', text, lifetimes.idle);
  clearCookie(context, reply, 'form');
  return { id: secrets.id, ...person };
}

/** Logs a browser out. */
export async function endBrowserSession(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const session = await sessionOf(context, request);
  if (session)
    await actingFor({ by: session.subject, from: request.ip }, () => context.client.access.sessions.revoke(session.id));
  clearCookie(context, reply, 'session');
  context.access.forget();
}
