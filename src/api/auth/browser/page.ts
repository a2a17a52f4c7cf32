import type { FastifyReply } from 'fastify';
import { Html, html } from './html';

/** Where the style is. */
export const stylePath = '/auth/style.css';
export const scriptPath = '/auth/passkey.js';
/** Where people see and end their sessions. */
export const sessionsPath = '/auth/sessions';

interface PageOptions {
  title: string;
  body: Html;
  status?: number;
  /** Runs the script of passkeys, and no other. */
  isScripted?: boolean;
  /** Origin besides this one that a form of the page leads to in the end. */
  leadsTo?: string;
}

/** Answers with a page. It runs no script but ours, is in no frame, and is stored nowhere. */
export function sendPage(reply: FastifyReply, page: PageOptions): FastifyReply {
  const { title, body, status = 200, isScripted = false, leadsTo } = page;
  const targets = ["'self'", ...(leadsTo === undefined ? [] : [leadsTo])].join(' ');
  return reply
    .code(status)
    .headers({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'content-security-policy':
        `default-src 'none';${isScripted ? "script-src 'self';" : ''}style-src 'self';img-src 'self';` +
        `form-action ${targets};` +
        "frame-ancestors 'none';base-uri 'none'",
      // With `no-referrer`, browsers would not say where a form comes from.
      'referrer-policy': 'same-origin',
    })
    .send(documentOf(title, body, isScripted).text);
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

function documentOf(title: string, body: Html, isScripted: boolean): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title} · deploy-code</title>
        <link rel="stylesheet" href="${stylePath}" />
        ${isScripted && html`<script src="${scriptPath}" defer></script>`}
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`;
}
