import type { FastifyReply } from 'fastify';
import { Html, html } from './html';

/** Where the style is. */
export const stylePath = '/auth/style.css';

interface PageOptions {
  title: string;
  body: Html;
  status?: number;
  /** Origin besides this one that a form of the page leads to in the end. */
  leadsTo?: string;
}

/** Answers with a page. It runs no script, is in no frame, and is stored nowhere. */
export function sendPage(reply: FastifyReply, { title, body, status = 200, leadsTo }: PageOptions): FastifyReply {
  const targets = ["'self'", ...(leadsTo === undefined ? [] : [leadsTo])].join(' ');
  return reply
    .code(status)
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy':
        `default-src 'none';style-src 'self';img-src 'self';form-action ${targets};` +
        "frame-ancestors 'none';base-uri 'none'",
      // With `no-referrer`, browsers would not say where a form comes from.
      'referrer-policy': 'same-origin',
    })
    .send(documentOf(title, body).text);
}

/** Answers with a page that says what is wrong, and what to do. */
export function sendTrouble(reply: FastifyReply, status: number, message: string, advice?: string): FastifyReply {
  return sendPage(reply, {
    title: 'This did not work',
    status,
    body: html`<p class="bad">${message}</p>
      ${advice !== undefined && html`<p>${advice}</p>`}
      <a class="button" href="/login">Log in</a>`,
  });
}

function documentOf(title: string, body: Html): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · deploy-code</title>
        <link rel="stylesheet" href="${stylePath}" />
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`;
}
