import { commandLineClient } from '../../model/access';
import { readBounded } from '../../guard/bounded';
import { BadRequest, EngineUnreachable } from '../../temporal/errors';
import { reasonOf } from '../remote/reason';

/** The tokens of somebody who has logged in at a server. */
export interface ServerTokens {
  /** For the header `Authorization: Bearer …`. */
  accessToken: string;
  /** Makes the next tokens, once. */
  refreshToken: string;
  /** When the access token ends. */
  expiresAt: Date;
}

const timeoutMs = 15_000;
const longestAnswer = 64 * 1024;

/**
 * The next tokens of a session. A refresh token is used once: a second time ends the session, so that no two processes
 * may refresh with the same one.
 * @throws BadRequest if the session has ended; EngineUnreachable if the server does not answer
 */
export async function refreshSession(server: string, refreshToken: string): Promise<ServerTokens> {
  const { status, body } = await post(server, '/auth/token', {
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
  });
  if (status === 200) return tokensOf(server, body);
  if (status >= 500 || status === 429) throw unreachable(server, `it answers ${status}`);
  throw new BadRequest(`your session at ${server} has ended; log in again with \`deploy-code login ${server}\``);
}

/** Ends the session of a refresh token. @throws EngineUnreachable if the server does not answer */
export async function revokeSession(server: string, refreshToken: string): Promise<void> {
  const { status } = await post(server, '/auth/revoke', { token: refreshToken });
  if (status !== 200) throw unreachable(server, `it answers ${status}`);
}

/** Checks what a server says that it has made. @throws EngineUnreachable if it is something else */
export function tokensOf(server: string, answer: Record<string, unknown>, now = Date.now()): ServerTokens {
  const { access_token: accessToken, refresh_token: refreshToken, expires_in: seconds } = answer;
  if (typeof accessToken !== 'string' || typeof refreshToken !== 'string' || typeof seconds !== 'number')
    throw unreachable(server, 'its answer is not one of deploy-code');
  return { accessToken, refreshToken, expiresAt: new Date(now + seconds * 1000) };
}

/** An error about a server that does not answer as it should. */
export function unreachable(server: string, why: string, cause?: unknown): EngineUnreachable {
  return new EngineUnreachable(
    `the server ${server} cannot be used: ${why}`,
    'check the address, and whether `deploy-code server` runs there',
    { cause },
  );
}

async function post(
  server: string,
  path: string,
  form: Record<string, string>,
): Promise<{ status: number; body: Record<string, unknown> }> {
  try {
    const response = await fetch(new URL(path, server), {
      method: 'POST',
      body: new URLSearchParams({ client_id: commandLineClient, ...form }),
      // The tokens of a form would follow a redirect to somebody else.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const answer = response.body ?? new Blob().stream();
    const text = await readBounded(answer, longestAnswer, () => new Error('its answer is too large'));
    return { status: response.status, body: objectOf(text.toString()) };
  } catch (error) {
    throw unreachable(server, reasonOf(error), error);
  }
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
