import type { FastifyReply, FastifyRequest } from 'fastify';
import type { NamedUser } from '../../../workflows/messages';
import { clearCookie, readCookie, writeCookie } from '../browser/cookies';
import { openBrowserSession } from '../browser/session';
import { refuseLogin, succeed } from './attempts';
import { hasSecondFactor, markOf, type Answer, type LocalContext, type Purpose } from './context';

/**
 * A log-in in progress, which the browser keeps sealed. `factor`: the password was right, the second factor is missing;
 * `enrol`: there is none yet, and one is required; `account`: everything was proved a moment ago.
 */
export interface Progress {
  name: string;
  mark: string;
  stage: 'factor' | 'enrol' | 'account';
  purpose: Purpose;
  back?: string;
}

const progressMs = 10 * 60_000;
const sealedFor = 'log-in in progress';

export const paths = { factor: '/auth/second-factor', account: '/auth/account' } as const;

/** What somebody has proved, and what they log in for. */
interface Proved {
  by: 'password' | 'everything';
  /** For the audit trail: `password`, `passkey`. */
  method: string;
  purpose: Purpose;
  back: string | undefined;
}

/** Leads somebody who has proved something to what is next. */
export async function proceed(
  context: LocalContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { name, user, secondFactor }: NamedUser,
  { by, method, purpose, back }: Proved,
): Answer {
  const begun = { name, mark: markOf(user), purpose, ...(back !== undefined && { back }) };
  if (by === 'password' && hasSecondFactor(user)) {
    await keepProgress(context, reply, { ...begun, stage: 'factor' });
    return reply.redirect(paths.factor, 303);
  }
  if (by === 'password' && secondFactor) {
    await keepProgress(context, reply, { ...begun, stage: 'enrol' });
    return reply.redirect(paths.account, 303);
  }
  if (!(await succeed(context, request, reply, name))) return refuseLogin(context, request, name);
  context.threats.loginSucceeded(request.ip, name);
  context.metrics.countLogIn('succeeded');
  if (purpose === 'account') {
    await keepProgress(context, reply, { ...begun, stage: 'account' });
    return reply.redirect(paths.account, 303);
  }
  await startSession(context, request, reply, name, method);
  return reply.redirect(back ?? '/login', 303);
}

/** Opens the session of a browser. */
export async function startSession(
  context: LocalContext,
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
  method: string,
): Promise<void> {
  clearCookie(context.auth, reply, 'local');
  await openBrowserSession(context.auth, request, reply, { subject: `user:${name}`, groups: [], method });
}

async function keepProgress(context: LocalContext, reply: FastifyReply, progress: Progress): Promise<void> {
  const sealed = await context.seal(sealedFor, progress, progressMs);
  writeCookie(context.auth, reply, 'local', sealed, progressMs);
}

/** The log-in in progress at one of these stages, with its user as it is now; undefined if there is none. */
export async function progressOf(
  context: LocalContext,
  request: FastifyRequest,
  ...stages: Progress['stage'][]
): Promise<(NamedUser & { progress: Progress }) | undefined> {
  const text = readCookie(context.auth, request, 'local');
  if (text === undefined) return undefined;
  const progress = (await context.open(sealedFor, text)) as Progress | undefined;
  if (!progress || !stages.includes(progress.stage)) return undefined;
  const found = await context.as(progress.name, request, () => context.logIns.user(progress.name));
  if (!found || found.user.disabled || markOf(found.user) !== progress.mark) return undefined;
  // Whoever has a second factor by now proves it: the password alone does not add another one.
  if (progress.stage === 'enrol' && hasSecondFactor(found.user)) return undefined;
  return { ...found, progress };
}
