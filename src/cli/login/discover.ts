import type { Configuration } from 'openid-client';
import { unreachable } from '../../client/access/remote-login';
import { commandLineClient } from '../../model/access';
import { reasonOf } from '../../client/remote/reason';
import { originOf } from '../../client/remote/transport';
import { BadRequest } from '../../temporal/errors';

const timeoutSeconds = 15;

/**
 * How to log in at a server.
 * @throws BadRequest if it is no address of a server, or not a safe one; EngineUnreachable if it does not answer
 */
export async function discoverServer(server: string): Promise<Configuration> {
  const url = new URL(originOf(server));
  const { allowInsecureRequests, discovery, None } = await import('openid-client');
  try {
    return await discovery(url, commandLineClient, undefined, None(), {
      algorithm: 'oauth2',
      timeout: timeoutSeconds,
      execute: url.protocol === 'http:' ? [allowInsecureRequests] : [],
    });
  } catch (error) {
    throw unreachable(server, reasonOf(error), error);
  }
}

/** The error of a log-in that did not end with tokens. */
export function loginError(server: string, error: unknown): Error {
  const { error: code } = error as { error?: unknown };
  if (code === 'access_denied') return new BadRequest('the log-in was not allowed', { cause: error });
  if (code === 'expired_token') return new BadRequest('nobody allowed the log-in in time; try again', { cause: error });
  return unreachable(server, reasonOf(error), error);
}
