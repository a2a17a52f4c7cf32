import { randomBytes } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sha256 } from '../../../guard/access/digest';
import { readCookie, writeCookie } from '../browser/cookies';
import { ApiProblem } from '../../problems';
import type { LocalContext } from './context';

/** A browser in which somebody has logged in. It may be wrong as often as all others together. */
interface Device {
  name: string;
  id: string;
}

const sealedFor = 'device';
const deviceMs = 180 * 24 * 3_600_000;
const idBytes = 16;

/**
 * Counts an attempt to log in before it is made, at all servers together. A name that nobody can have costs nothing.
 * @throws ApiProblem for a log-in that has to wait
 */
export async function beginAttempt(
  context: LocalContext,
  request: FastifyRequest,
  name: string | undefined,
): Promise<void> {
  if (name === undefined) return;
  const { waitMs, isLocked } = await context.as(undefined, request, async () =>
    context.logIns.attempt({ name, ...(await deviceOf(context, request, name)).counted }),
  );
  if (isLocked) context.threats.loginLocked(request.ip, name);
  if (waitMs <= 0) return;
  context.metrics.countLogIn('delayed');
  context.threats.loginFailed(request.ip, name);
  const retryAfter = Math.ceil(waitMs / 1000);
  throw new ApiProblem('too_many', `there were too many attempts; try again in ${retryAfter} s`, { retryAfter });
}

/** Records a log-in, which the browser keeps a sign of; false if the user was disabled or removed meanwhile. */
export async function succeed(
  context: LocalContext,
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
): Promise<boolean> {
  return context.as(name, request, async () => {
    const { id = randomBytes(idBytes).toString('base64url'), counted } = await deviceOf(context, request, name);
    if (!(await context.logIns.succeed({ name, ...counted }))) return false;
    const device: Device = { name, id };
    writeCookie(context.auth, reply, 'device', await context.seal(sealedFor, device, deviceMs), deviceMs);
    return true;
  });
}

/** What the browser has of an earlier log-in of this user. */
async function deviceOf(
  context: LocalContext,
  request: FastifyRequest,
  name: string,
): Promise<{ id?: string; counted?: { device: string } }> {
  const text = readCookie(context.auth, request, 'device');
  const known = text === undefined ? undefined : ((await context.open(sealedFor, text)) as Device | undefined);
  return known?.name === name ? { id: known.id, counted: { device: sha256(`device ${known.id}`) } } : {};
}

/** Records a failed log-in. @throws ApiProblem whose text is the same whatever was wrong */
export function refuseLogin(context: LocalContext, request: FastifyRequest, name: string | undefined): never {
  context.metrics.countLogIn('failed');
  context.threats.loginFailed(request.ip, name ?? '');
  throw new ApiProblem('unauthenticated', 'this log-in is not right', {
    advice: 'check the name, the password or the code, and try again',
  });
}
