import { refreshSession, type ServerTokens } from '../../client/access/remote-login';
import { BadRequest } from '../../temporal/errors';
import { changeContexts, readContexts, type Context } from './store';

/** A token is not used in the last moments before its end. */
const marginMs = 30_000;

/** The part of a context that tokens of a session make. */
export function sessionContext(server: string, { accessToken, refreshToken, expiresAt }: ServerTokens): Context {
  return { server, token: accessToken, refreshToken, expiresAt: expiresAt.getTime() };
}

/**
 * Gives the token of a session, and makes the next one when it has ended, or a server has refused it. One process at a
 * time: a refresh token that is used twice ends the session.
 */
export function sessionToken(name: string): (renew: boolean) => Promise<string> {
  let given: string | undefined;
  const take = (token: string) => (given = token);
  return async (renew) => {
    const known = sessionOf(readContexts().contexts[name]);
    if (isUsable(known, renew, given)) return take(known.token);
    return changeContexts(async ({ contexts }) => {
      const context = sessionOf(contexts[name]);
      // Another process may have made the next one meanwhile.
      if (isUsable(context, renew, given)) return take(context.token);
      contexts[name] = sessionContext(context.server, await refreshSession(context.server, context.refreshToken));
      return take(contexts[name].token);
    });
  };
}

function isUsable({ token, expiresAt = 0 }: Context, renew: boolean, refused: string | undefined): boolean {
  return expiresAt - marginMs > Date.now() && !(renew && token === refused);
}

function sessionOf(context: Context | undefined): Context & { refreshToken: string } {
  const { refreshToken } = context ?? {};
  if (context && typeof refreshToken === 'string') return { ...context, refreshToken };
  throw new BadRequest('you have logged out meanwhile; log in again with `deploy-code login SERVER`');
}
