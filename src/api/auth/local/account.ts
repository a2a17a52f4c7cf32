import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { formToken } from '../browser/forms';
import { html } from '../browser/html';
import { sendPage } from '../browser/page';
import { accountBody } from './account-page';
import type { Answer, LocalContext } from './context';
import { newPasswordFields, requirePassword } from './new-password';
import { localForms } from './password';
import { paths, progressOf } from './progress';
import { requireProven } from './proven';
import { makeCodes, sendCodes } from './recovery-codes';

const open = { config: { action: 'open' } } as const;

/** Adds the page on which users manage their password and second factors. */
export function addAccount(app: FastifyInstance, context: LocalContext): void {
  app.get(paths.account, open, async (request, reply) => {
    const found = await progressOf(context, request, 'account', 'enrol');
    if (!found) return askAgain(context, request, reply);
    const token = formToken(context.auth, request, reply);
    return sendPage(reply, {
      title: found.progress.stage === 'enrol' ? 'A second factor is needed' : found.name,
      isScripted: true,
      body: await accountBody(context, found, token, newPasswordFields(found.name)),
    });
  });

  app.post(`${paths.account}/password`, open, async (request, reply) => {
    const { found, form } = await requireProven(context, request, ['account'], 'user', 'password', 'repeated');
    const { name } = found;
    await requirePassword(name, form.password ?? '', form.repeated ?? '');
    const digest = await context.digest(form.password ?? '');
    await context.as(name, request, async () => {
      await context.logIns.setPassword(name, digest);
      await context.auth.client.access.sessions.endAllOf(`user:${name}`);
    });
    context.auth.access.forget();
    return reply.redirect('/login', 303);
  });

  app.post(`${paths.account}/recovery-codes`, open, async (request, reply) => {
    const { found } = await requireProven(context, request, ['account']);
    return sendCodes(reply, await makeCodes(context, request, found.name), paths.account);
  });

  app.post(`${paths.account}/removal`, open, async (request, reply) => {
    const { found, form } = await requireProven(context, request, ['account'], 'factor');
    const { name } = found;
    const factor = form.factor === 'app' ? { totp: true } : { passkey: form.factor ?? '' };
    await context.as(name, request, () => context.logIns.removeFactor({ name, ...factor }));
    return reply.redirect(paths.account, 303);
  });
}

/** The page is for those who have proved everything within the last minutes, also if they have a session. */
async function askAgain(context: LocalContext, request: FastifyRequest, reply: FastifyReply): Answer {
  const forms = await localForms(context, request, reply, { purpose: 'account' });
  return sendPage(reply, {
    title: 'Your account',
    isScripted: true,
    body: html`<p>Log in again to change your password or second factors.</p>
      ${forms ?? html`<p>There are no local users: whoever you log in with manages your account.</p>`}`,
  });
}
