import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AuthContext } from '../context';
import { formToken, requireForm } from './forms';
import { html, type Html } from './html';
import { sendPage } from './page';
import { returnPath } from './return-path';
import { endBrowserSession, sessionOf, type BrowserSession } from './session';

/** The pages to log in and out. */
export function addLogin(app: FastifyInstance, context: AuthContext): void {
  const open = { config: { action: 'open' } } as const;
  app.get('/login', open, async (request, reply) => {
    const { return: asked } = request.query as { return?: unknown };
    const back = returnPath(asked, context.origin);
    const session = await sessionOf(context, request);
    if (!session) return sendLogin(context, reply, back);
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

function sendLogin(context: AuthContext, reply: FastifyReply, back: string | undefined): FastifyReply {
  const providers = Object.entries(context.declared().providers);
  return sendPage(reply, {
    title: 'Log in',
    body: html`${providers.map(([name, { title = name }]) => providerLink(name, title, back))}
    ${providers.length === 0 && html`<p>Nobody can log in yet: no identity provider is declared.</p>`}`,
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
      <form method="post" action="/auth/logout">
        ${formToken(context, request, reply)}
        <button class="button">Log out</button>
      </form>`,
  });
}
