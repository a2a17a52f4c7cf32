import type { FastifyInstance } from 'fastify';
import { addAccount } from './account';
import type { LocalContext } from './context';
import { addEnrolment } from './enrolment';
import { addInvitations } from './invitation';
import { addPasskeyLogIn } from './passkey-log-in';
import { addPasswords } from './password';
import { scriptPath } from '../browser/page';
import { script } from './script';
import { addSecondFactor } from './second-factor';

export { LocalContext } from './context';

/** Adds the pages of local users. */
export function addLocalUsers(app: FastifyInstance, context: LocalContext): void {
  addPasswords(app, context);
  addSecondFactor(app, context);
  addPasskeyLogIn(app, context);
  addInvitations(app, context);
  addAccount(app, context);
  addEnrolment(app, context);
  app.get(scriptPath, { config: { action: 'open' } }, (_, reply) =>
    reply.header('cache-control', 'max-age=3600').type('text/javascript; charset=utf-8').send(script),
  );
}
