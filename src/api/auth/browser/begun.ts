import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblem } from '../../problems';
import type { AuthContext } from '../context';
import { clearCookie, readCookie, writeCookie } from './cookies';

/** What a log-in at an identity provider began with; a browser keeps it until the provider sends it back. */
export interface Begun {
  provider: string;
  back?: string;
}

type BegunCookie = 'oidc' | 'saml';

/** A provider has to send the browser back within this time. */
export const begunMs = 600_000;

export function writeBegun(context: AuthContext, reply: FastifyReply, cookie: BegunCookie, begun: Begun): void {
  writeCookie(context, reply, cookie, Buffer.from(JSON.stringify(begun)).toString('base64url'), begunMs);
}

/**
 * Takes what a log-in began with out of the browser: it counts once. `secrets`: fields that must be there besides.
 * @throws ApiProblem unless this browser began a log-in at this provider
 */
export function takeBegun<T extends Begun>(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { cookie, provider, secrets }: { cookie: BegunCookie; provider: string; secrets: readonly (keyof T)[] },
): T {
  const begun = parsed<T>(readCookie(context, request, cookie) ?? '');
  const isWhole = secrets.every((name) => typeof begun?.[name] === 'string' && begun[name] !== '');
  if (begun?.provider !== provider || !isWhole)
    throw new ApiProblem('bad_input', 'this log-in was not begun here, or it took too long', { advice: 'begin again' });
  clearCookie(context, reply, cookie);
  return begun;
}

function parsed<T>(text: string): T | undefined {
  try {
    return (JSON.parse(Buffer.from(text, 'base64url').toString()) as T | null) ?? undefined;
  } catch {
    return undefined;
  }
}
