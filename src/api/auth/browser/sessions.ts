import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { actingFor } from '../../../client';
import type { SessionLine } from '../../../client/access';
import type { SessionKind } from '../../../model/access';
import { isName } from '../../../model/names';
import { whileReachable } from '../../reach';
import type { AuthContext } from '../context';
import { formToken, requireForm } from './forms';
import { type Html, html } from './html';
import { toLogin } from './login';
import { sendPage, sessionsPath } from './page';
import { endBrowserSession, sessionOf, type BrowserSession } from './session';

const kinds: Record<SessionKind, string> = { browser: 'another browser', 'command-line': 'the command line' };

/** The page where people see and end their own sessions, however they log in. */
export function addSessions(app: FastifyInstance, context: AuthContext): void {
  const open = { config: { action: 'open' } } as const;
  app.get(sessionsPath, open, async (request, reply) => {
    const own = await sessionOf(context, request);
    if (!own) return toLogin(request, reply);
    const lines = await asOwner(context, request, own, () => context.client.access.sessions.list(own.subject));
    return sendSessions(context, request, reply, own, lines);
  });
  app.post(sessionsPath, open, async (request, reply) => {
    requireForm(context, request);
    const own = await sessionOf(context, request);
    if (!own) return reply.redirect('/login', 303);
    const { session } = request.body as { session?: string };
    if (session === own.id) {
      await endBrowserSession(context, request, reply);
      return reply.redirect('/login', 303);
    }
    await asOwner(context, request, own, () => endOwn(context, own, session));
    return reply.redirect(sessionsPath, 303);
  });
}

/** Ends a session of the same subject. One that has ended meanwhile needs nothing more. */
async function endOwn({ client, access }: AuthContext, { subject }: BrowserSession, id?: string): Promise<void> {
  if (!isName('tokenId', id)) return;
  const found = await client.access.sessions.find(id);
  if (found?.subject !== subject) return;
  await client.access.sessions.revoke(id);
  access.forget();
}

function asOwner<T>(
  { access }: AuthContext,
  request: FastifyRequest,
  { subject }: BrowserSession,
  work: () => Promise<T>,
): Promise<T> {
  return actingFor({ by: subject, from: request.ip }, () => whileReachable(() => access.check(), work));
}

function sendSessions(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
  own: BrowserSession,
  lines: SessionLine[],
): FastifyReply {
  const token = formToken(context, request, reply);
  return sendPage(reply, {
    title: 'Your sessions',
    body: html`<p>Those of ${own.subject}. One that you end is refused within five seconds.</p>
      ${lines.map((line) => sessionForm(line, line.id === own.id, token))}
      <a class="button" href="/login">Back</a>`,
  });
}

function sessionForm({ id, kind, method, from, at, seenAt }: SessionLine, isThis: boolean, token: Html): Html {
  return html`<form method="post">
    ${token}
    <input type="hidden" name="session" value="${id}" />
    <dl>
      <dt>${isThis ? 'this browser' : kinds[kind]}, by ${method}</dt>
      <dd>
        ${from !== undefined && `from ${from}, `}since
        ${minuteOf(at)}${kind === 'command-line' && `, last refreshed ${minuteOf(seenAt)}`}
      </dd>
    </dl>
    <button class="button">${isThis ? 'Log out' : 'End this session'}</button>
  </form>`;
}

function minuteOf(at: Date): string {
  return `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
