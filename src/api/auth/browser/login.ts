import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AuthContext } from '../context';
import type { LocalContext } from '../local/context';
import { localForms } from '../local/password';
import { formToken, requireForm } from './forms';
import { html, type Html } from './html';
import { sendPage, sessionsPath } from './page';
import { returnPath } from './return-path';
import { endBrowserSession, sessionOf, type BrowserSession } from './session';

/** The pages to log in and out. */
export function addLogin(app: FastifyInstance, context: AuthContext, local: LocalContext): void {
  const open = { config: { action: 'open' } } as const;
  app.get('/login', open, async (request, reply) => {
    const { return: asked } = request.query as { return?: unknown };
    const back = returnPath(asked, context.origin);
    const session = await sessionOf(context, request);
    if (!session) return sendLogin(local, request, reply, back);
    return back === undefined || back.startsWith('/login')
      ? sendAccount(context, request, reply, session)
      : reply.redirect(back, 303);
  });
  app.post('/auth/logout', open, async (request, reply) => {
    requireForm(context, request);
    await endBrowserSession(context, request, reply);
    return reply.redirect('/login', 303);
  });
}

/** Sends somebody to the page to log in, and from there back to the page that they asked for. */
export function toLogin(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  return reply.redirect(`/login?${new URLSearchParams({ return: request.url }).toString()}`, 303);
}

async function sendLogin(
  local: LocalContext,
  request: FastifyRequest,
  reply: FastifyReply,
  back: string | undefined,
): Promise<FastifyReply> {
  const providers = Object.entries(local.auth.declared().providers);
  const forms = await localForms(local, request, reply, { back });
  const isEmpty = providers.length === 0 && !forms;
  return sendPage(reply, {
    title: 'Log in',
    isScripted: forms !== undefined,
    body: html`${providers.map(([name, { title = name }]) => providerLink(name, title, back))} ${forms}
    ${isEmpty && html`<p>Nobody can log in yet: there is no user, and no identity provider is declared.</p>`}`,
  });
}

function providerLink(name: string, title: string, back: string | undefined): Html {
  const query = back === undefined ? '' : `?${new URLSearchParams({ return: back }).toString()}`;
  return html`<a class="button main" href="/auth/login/${name}${query}">Log in with ${title}</a>`;
}

function sendAccount(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { subject, groups, method }: BrowserSession,
): FastifyReply {
  return sendPage(reply, {
    title: 'You are logged in',
    body: html`<dl>
        <dt>as</dt>
        <dd>${subject}</dd>
        ${
          groups.length > 0 &&
          html`<dt>groups</dt>
            <dd>${groups.join(', ')}</dd>`
        }
        <dt>by</dt>
        <dd>${method}</dd>
      </dl>
      <a class="button main" href="/">Environments</a>
      ${isLocal(method) && html`<a class="button" href="/auth/account">Password and second factors</a>`}
      <a class="button" href="${sessionsPath}">Your sessions</a>
      <form method="post" action="/auth/logout">
        ${formToken(context, request, reply)}
        <button class="button">Log out</button>
      </form>`,
  });
}

/** Whoever logs in elsewhere has their second factors there. */
function isLocal(method: string): boolean {
  return method.startsWith('password') || method === 'passkey';
}
