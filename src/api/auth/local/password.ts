import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { NamedUser } from '../../../workflows/messages';
import { formToken, requireForm } from '../browser/forms';
import { type Html, html } from '../browser/html';
import { returnPath } from '../browser/return-path';
import { beginAttempt, refuseLogin } from './attempts';
import { fieldsOf, purposeIn, userIn, type LocalContext, type Purpose } from './context';
import { passkeyForm } from './passkey-log-in';
import { proceed } from './progress';

/** The forms with which local users log in; nothing where there are none. */
export async function localForms(
  context: LocalContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { back, purpose = 'session' }: { back?: string | undefined; purpose?: Purpose } = {},
): Promise<Html | undefined> {
  if (!(await context.as(undefined, request, () => context.hasUsers()))) return undefined;
  const token = formToken(context.auth, request, reply);
  return html`<form method="post" action="/auth/password">
      ${token}
      <input type="hidden" name="purpose" value="${purpose}" />
      ${back !== undefined && html`<input type="hidden" name="return" value="${back}" />`}
      <label for="user">User</label>
      <input id="user" name="user" autocomplete="username" autocapitalize="none" required maxlength="120" />
      <label for="password">Password</label>
      <input id="password" name="password" type="password" autocomplete="current-password" required maxlength="400" />
      <button class="button main">Log in</button>
    </form>
    ${await passkeyForm(context, token, { back, purpose })}`;
}

/** Adds the log-in by password. */
export function addPasswords(app: FastifyInstance, context: LocalContext): void {
  app.post('/auth/password', { config: { action: 'open' } }, async (request, reply) => {
    requireForm(context.auth, request);
    const form = fieldsOf(request, 'user', 'password', 'purpose', 'return');
    const { password = '' } = form;
    const name = userIn(form.user);
    await beginAttempt(context, request, name);
    const found =
      name === undefined ? undefined : await context.as(undefined, request, () => context.logIns.user(name));
    const { isRight, isOutdated } = await context.verify(password, found?.user.password);
    if (!found || !isRight || found.user.disabled) return refuseLogin(context, request, name);
    const current = isOutdated ? await renew(context, request, found, password) : found;
    return proceed(context, request, reply, current, {
      by: 'password',
      method: 'password',
      purpose: purposeIn(form.purpose),
      back: returnPath(form.return, context.auth.origin),
    });
  });
}

/** Replaces a digest with lower parameters; the user with the new one. */
async function renew(
  context: LocalContext,
  request: FastifyRequest,
  found: NamedUser,
  password: string,
): Promise<NamedUser> {
  const { name, user } = found;
  const renewed = await context.digest(password);
  const isDone = await context.as(name, request, () => context.logIns.renewPassword(name, user.password!, renewed));
  return isDone ? { ...found, user: { ...user, password: renewed } } : found;
}
