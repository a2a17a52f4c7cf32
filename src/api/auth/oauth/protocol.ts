import { randomBytes } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { commandLineClient } from '../../../model/access';
import { sha256 } from '../../../guard/access/digest';
import type { SessionGrant } from '../../../workflows/messages';
import type { AuthContext } from '../context';

export const grantTypes = {
  code: 'authorization_code',
  refresh: 'refresh_token',
  device: 'urn:ietf:params:oauth:grant-type:device_code',
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
} as const;

export const paths = {
  metadata: '/.well-known/oauth-authorization-server',
  keys: '/auth/keys',
  authorize: '/auth/authorize',
  token: '/auth/token',
  deviceAuthorization: '/auth/device_authorization',
  revoke: '/auth/revoke',
  device: '/device',
} as const;

type ErrorCode =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unsupported_grant_type'
  | 'unsupported_response_type'
  | 'authorization_pending'
  | 'slow_down'
  | 'access_denied'
  | 'expired_token'
  | 'temporarily_unavailable'
  | 'server_error';

/** A request that is answered with an error of RFC 6749. */
export class OAuthError extends Error {
  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly status = 400,
  ) {
    super(message);
  }
}

/** Fields of a form, each at most once. */
export type Fields = Record<string, string | undefined>;

const secretBytes = 32;
const secretForm = /^[A-Za-z0-9_-]{43}$/;

/** A code that is used once. */
export function newSecret(): string {
  return randomBytes(secretBytes).toString('base64url');
}

/** The digest of a code; undefined if the text cannot be one. */
export function digestOfSecret(text: string | undefined): string | undefined {
  return text !== undefined && secretForm.test(text) ? sha256(text) : undefined;
}

/** @throws OAuthError unless the request comes from the command line, or says that it does */
export function requireClient({ client_id: client }: Fields): void {
  if (client !== commandLineClient)
    throw new OAuthError('invalid_client', `client_id must be ${commandLineClient}`, 401);
}

/** Answers with the tokens of a session. */
export async function sendTokens(
  { keys }: AuthContext,
  reply: FastifyReply,
  grant: SessionGrant,
  refreshToken: string,
): Promise<FastifyReply> {
  const { subject, groups, until, id } = grant;
  const token = await keys.issue({ subject, groups, until, session: id, client: commandLineClient });
  return sendJson(reply, {
    access_token: token.text,
    token_type: 'Bearer',
    expires_in: token.expiresIn,
    refresh_token: refreshToken,
  });
}

/** An answer that is stored nowhere. */
export function sendJson(reply: FastifyReply, body: object): FastifyReply {
  return reply.headers({ 'cache-control': 'no-store', 'content-type': 'application/json' }).send(JSON.stringify(body));
}
