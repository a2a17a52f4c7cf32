import type { FastifyInstance } from 'fastify';
import { digestOfCode } from '../../../guard/access/one-time-secrets';
import { totpStep } from '../../../guard/access/totp';
import type { NamedUser } from '../../../workflows/messages';
import { formToken, requireForm } from '../browser/forms';
import { html } from '../browser/html';
import { sendPage } from '../browser/page';
import { beginAttempt, refuseLogin } from './attempts';
import { fieldsOf, type LocalContext } from './context';
import { passkeyForm } from './passkey-log-in';
import { paths, proceed, progressOf } from './progress';

/** Adds the page that asks for a second factor. */
export function addSecondFactor(app: FastifyInstance, context: LocalContext): void {
  const open = { config: { action: 'open' } } as const;
  app.get(paths.factor, open, async (request, reply) => {
    const found = await progressOf(context, request, 'factor');
    if (!found) return reply.redirect('/login', 303);
    const token = formToken(context.auth, request, reply);
    const { purpose, back } = found.progress;
    const isScripted = found.user.passkeys.length > 0;
    return sendPage(reply, {
      title: 'Second factor',
      isScripted,
      body: html`${isScripted && ((await passkeyForm(context, token, { purpose, back })) ?? false)}
        <form method="post" action="${paths.factor}">
          ${token}
          <label for="code"
            >${found.user.totp ? 'Code of your authenticator app, or a recovery code' : 'Recovery code'}</label
          >
          <input id="code" name="code" autocomplete="one-time-code" required maxlength="40" autofocus />
          <button class="button main">Go on</button>
        </form>`,
    });
  });

  app.post(paths.factor, open, async (request, reply) => {
    requireForm(context.auth, request);
    const { code = '' } = fieldsOf(request, 'code');
    const found = await progressOf(context, request, 'factor');
    if (!found) return reply.redirect('/login', 303);
    const { name, progress } = found;
    await beginAttempt(context, request, name);
    if (!(await context.as(name, request, () => isRight(context, found, code))))
      return refuseLogin(context, request, name);
    return proceed(context, request, reply, found, {
      by: 'everything',
      method: 'password and second factor',
      purpose: progress.purpose,
      back: progress.back,
    });
  });
}

/** Uses a code of the app, or a recovery code; each is right once. */
async function isRight({ logIns, now }: LocalContext, { name, user }: NamedUser, code: string): Promise<boolean> {
  const step = user.totp && (await totpStep(user.totp.secret, code, now()));
  if (step !== undefined) return logIns.useTotp(name, step);
  const digest = digestOfCode(code);
  return digest !== undefined && logIns.useRecovery(name, digest);
}
