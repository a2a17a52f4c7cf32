import type { FastifyInstance } from 'fastify';
import { firstAdmin, invitationPath } from '../../../client/access/users';
import { digestOfLink } from '../../../guard/access/one-time-secrets';
import type { NamedUser } from '../../../workflows/messages';
import { ApiProblem } from '../../problems';
import { formToken, requireForm } from '../browser/forms';
import { html } from '../browser/html';
import { sendPage } from '../browser/page';
import { fieldsOf, type LocalContext } from './context';
import { newPasswordFields, requirePassword } from './new-password';

/** Adds the page where somebody who was invited sets a password. */
export function addInvitations(app: FastifyInstance, context: LocalContext): void {
  const open = { config: { action: 'open' } } as const;
  const invited = async (request: Parameters<LocalContext['as']>[1]) => {
    const { token } = request.params as { token: string };
    const digest = digestOfLink(token);
    const found = digest && (await context.as(undefined, request, () => context.logIns.invited(digest)));
    if (digest !== undefined && found) return { digest, ...found };
    context.threats.denied(request.ip);
    throw new ApiProblem('not_found', 'this link was used before, has ended, or was replaced by a later one', {
      advice: 'ask an admin for a new one: `deploy-code access user invite NAME`',
    });
  };

  app.get(`${invitationPath}:token`, open, async (request, reply) => {
    const { name } = await invited(request);
    return sendPage(reply, {
      title: `Welcome, ${name}`,
      body: html`<form method="post">
        ${formToken(context.auth, request, reply)} ${newPasswordFields(name)}
        <button class="button main">Set the password</button>
      </form>`,
    });
  });

  app.post(`${invitationPath}:token`, open, async (request, reply) => {
    requireForm(context.auth, request);
    const { password = '', repeated = '' } = fieldsOf(request, 'user', 'password', 'repeated');
    const found = await invited(request);
    await requirePassword(found.name, password, repeated);
    const digest = await context.digest(password);
    const set = await context.as(found.name, request, async () => {
      await grantFirstAdmin(context, found);
      const name = await context.logIns.redeem(found.digest, digest);
      if (name !== undefined) await context.auth.client.access.sessions.endAllOf(`user:${name}`);
      return name;
    });
    if (set === undefined) throw new ApiProblem('not_found', 'this link was used before');
    return sendPage(reply, {
      title: 'Your password is set',
      body: html`<a class="button main" href="/login">Log in</a>`,
    });
  });
}

/** Before the link is used up: an installation whose admin has no role could not be opened again. */
async function grantFirstAdmin({ auth }: LocalContext, { name, user }: NamedUser): Promise<void> {
  if (user.first !== true || name !== firstAdmin) return;
  if (auth.access.declared().length > 0 || !(await auth.client.access.isUnclaimed()))
    throw new ApiProblem('not_found', 'this link was for an installation in which nobody has a role yet', {
      advice: 'ask an admin: `deploy-code access user invite NAME`',
    });
  await auth.client.access.grant({ subject: `user:${name}`, role: 'admin', scope: '*' });
  auth.access.forget();
}
