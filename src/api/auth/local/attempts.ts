import type { FastifyRequest } from 'fastify';
import { ApiProblem } from '../../problems';
import type { LocalContext } from './context';

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
  const { waitMs, isLocked } = await context.as(undefined, request, () => context.logIns.attempt(name));
  if (isLocked) context.threats.loginLocked(request.ip, name);
  if (waitMs <= 0) return;
  context.metrics.countLogIn('delayed');
  context.threats.loginFailed(request.ip, name);
  throw new ApiProblem('too_many', `there were too many attempts; try again in ${Math.ceil(waitMs / 1000)} s`);
}

/** Records a failed log-in. @throws ApiProblem whose text is the same whatever was wrong */
export function refuseLogin(context: LocalContext, request: FastifyRequest, name: string | undefined): never {
  context.metrics.countLogIn('failed');
  context.threats.loginFailed(request.ip, name ?? '');
  throw new ApiProblem('unauthenticated', 'this log-in is not right', {
    advice: 'check the name, the password or the code, and try again',
  });
}
