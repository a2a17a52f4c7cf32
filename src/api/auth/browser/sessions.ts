import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { SessionLine } from '../../../client/access';
import type { SessionKind } from '../../../model/access';
import { isName } from '../../../model/names';
import { endOwnSession } from '../../access/own-session';
import { actAs, type AuthContext } from '../context';
import { formToken, requireForm } from './forms';
import { type Html, html } from './html';
import { toLogin } from './login';
import { sendPage, sessionsPath } from './page';
import { endBrowserSession, sessionOf, type BrowserSession } from './session';

const kinds: Record<SessionKind, string> = { browser: 'another browser', 'command-line': 'the command line' };

/** The page where people see and end their own sessions, however they log in. */
export function addSessions(app: FastifyInstance, context: AuthContext): void {
  const open = { config: { action: 'open' } } as const;
  const { sessions } = context.client.access;
  app.get(sessionsPath, open, async (request, reply) => {
    const own = await sessionOf(context, request);
    if (!own) return toLogin(request, reply);
    const lines = await actAs(context, request, own.subject, () => sessions.list(own.subject));
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
    // One that has ended meanwhile needs nothing more.
    if (isName('tokenId', session))
      await actAs(context, request, own.subject, () => endOwnSession(context, own.subject, session));
    return reply.redirect(sessionsPath, 303);
  });
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
