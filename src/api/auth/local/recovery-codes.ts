import type { FastifyReply, FastifyRequest } from 'fastify';
import { newRecoveryCodes } from '../../../guard/access/one-time-secrets';
import { html } from '../browser/html';
import { sendPage } from '../browser/page';
import { refuseLogin, succeed } from './attempts';
import type { Answer, LocalContext } from './context';
import { paths, startSession } from './progress';
import type { Proven } from './proven';

/** After a factor was added: the first one comes with recovery codes, and ends a log-in that waited for it. */
export async function afterEnrolment(
  context: LocalContext,
  request: FastifyRequest,
  reply: FastifyReply,
  found: Proven,
): Answer {
  const isFirst = found.progress.stage === 'enrol' || found.user.recovery.length === 0;
  if (!isFirst) return reply.redirect(paths.account, 303);
  const codes = await makeCodes(context, request, found.name);
  if (found.progress.stage === 'account') return sendCodes(reply, codes, paths.account);
  if (!(await succeed(context, request, reply, found.name))) return refuseLogin(context, request, found.name);
  context.metrics.countLogIn('succeeded');
  await startSession(context, request, reply, found.name, 'password');
  return sendCodes(reply, codes, found.progress.back ?? '/login');
}

/** New recovery codes in place of those before. */
export async function makeCodes(context: LocalContext, request: FastifyRequest, name: string): Promise<string[]> {
  const { codes, digests } = newRecoveryCodes();
  await context.as(name, request, () => context.logIns.setRecovery(name, digests));
  return codes;
}

export function sendCodes(reply: FastifyReply, codes: string[], next: string): FastifyReply {
  return sendPage(reply, {
    title: 'Recovery codes',
    body: html`<p>Each of these logs you in once instead of a second factor. Store them: they are not shown again.</p>
      <ul class="codes">
        ${codes.map((code) => html`<li>${code}</li> `)}
      </ul>
      <a class="button main" href="${next}">I have stored them</a>`,
  });
}
