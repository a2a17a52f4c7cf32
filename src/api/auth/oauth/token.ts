import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { actingFor } from '../../../client';
import { newSessionToken, nextSessionToken, parseSessionToken } from '../../../guard/access/session-token';
import { commandLineClient } from '../../../model/access';
import type { Redeemed } from '../../../workflows/messages';
import type { AuthContext } from '../context';
import { Workloads } from '../workload';
import { bindingOf } from './authorize';
import { DevicePolls } from './device';
import {
  digestOfSecret,
  grantTypes,
  OAuthError,
  paths,
  requireClient,
  sendJson,
  sendTokens,
  type Fields,
} from './protocol';

interface TokenRequest {
  context: AuthContext;
  fields: Fields;
  request: FastifyRequest;
  reply: FastifyReply;
}
type Grant = (request: TokenRequest) => Promise<FastifyReply>;

const tokenTypes = {
  jwt: 'urn:ietf:params:oauth:token-type:jwt',
  idToken: 'urn:ietf:params:oauth:token-type:id_token',
  accessToken: 'urn:ietf:params:oauth:token-type:access_token',
} as const;
const verifierForm = /^[A-Za-z0-9._~-]{43,128}$/;

/** Adds the endpoint that makes tokens of codes, of other tokens, and of earlier ones. */
export function addToken(app: FastifyInstance, context: AuthContext): void {
  const polls = new DevicePolls();
  const workloads = new Workloads(context.issuer, context.onFailure);
  const grants: Record<string, Grant> = {
    [grantTypes.code]: redeemCode,
    [grantTypes.refresh]: refresh,
    [grantTypes.device]: (request) => redeemDevice(request, polls),
    [grantTypes.exchange]: (request) => exchange(request, workloads),
  };
  app.post(paths.token, { config: { action: 'open', isProof: true } }, async (request, reply) => {
    const fields = (request.body ?? {}) as Fields;
    const type = fields.grant_type ?? '';
    const grant = Object.hasOwn(grants, type) ? grants[type] : undefined;
    if (!grant) throw new OAuthError('unsupported_grant_type', 'this grant_type is not supported');
    return actingFor({ by: commandLineClient, from: request.ip }, () => grant({ context, fields, request, reply }));
  });
}

async function redeemCode({ context, fields, reply }: TokenRequest): Promise<FastifyReply> {
  requireClient(fields);
  const { redirect_uri: redirectUri = '', code_verifier: verifier = '' } = fields;
  const code = digestOfSecret(fields.code);
  if (code === undefined || !verifierForm.test(verifier))
    throw new OAuthError('invalid_grant', 'the code or its verifier is not valid');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  return open(context, reply, (secrets) =>
    context.client.access.signIn.redeemCode({ code, binding: bindingOf(redirectUri, challenge), ...secrets }),
  );
}

async function redeemDevice({ context, fields, reply }: TokenRequest, polls: DevicePolls): Promise<FastifyReply> {
  requireClient(fields);
  const device = digestOfSecret(fields.device_code);
  if (device === undefined) throw new OAuthError('invalid_grant', 'the device code is not valid');
  if (polls.isTooSoon(device)) throw new OAuthError('slow_down', 'ask less often');
  const state = await context.client.access.signIn.stateOfDevice(device);
  if (state === undefined) throw new OAuthError('expired_token', 'the device code has ended, or was used');
  if (state === 'pending') throw new OAuthError('authorization_pending', 'nobody has allowed it yet');
  if (state === 'denied') throw new OAuthError('access_denied', 'it was not allowed');
  return open(context, reply, (secrets) => context.client.access.signIn.redeemDevice({ device, ...secrets }));
}

/** Opens a session of the command line. */
async function open(
  context: AuthContext,
  reply: FastifyReply,
  redeem: (secrets: { id: string; family: string; digest: string }) => Promise<Redeemed>,
): Promise<FastifyReply> {
  const { text, ...secrets } = newSessionToken('command-line');
  const redeemed = await redeem(secrets);
  if ('grant' in redeemed) return sendTokens(context, reply, redeemed.grant, text);
  context.access.forget();
  throw new OAuthError('invalid_grant', 'the code is not valid, has ended, or was used');
}

async function refresh({ context, fields, reply }: TokenRequest): Promise<FastifyReply> {
  requireClient(fields);
  const { refresh_token: text = '' } = fields;
  const token = parseSessionToken('command-line', text);
  if (!token) throw new OAuthError('invalid_grant', 'the refresh token is not valid');
  const { text: nextText, digest: next } = nextSessionToken(text);
  const refreshed = await context.client.access.sessions.refresh({ ...token, next });
  if ('grant' in refreshed) return sendTokens(context, reply, refreshed.grant, nextText);
  context.access.forget();
  if (refreshed.problem === 'reused') context.threats.tokenReused(reply.request.ip);
  const why = refreshed.problem === 'reused' ? 'was used before, so that its session is over' : 'is not valid any more';
  throw new OAuthError('invalid_grant', `the refresh token ${why}; log in again`);
}

/** Makes a token of ten minutes of the token of a CI job (RFC 8693); there is no other one after it. */
async function exchange({ context, fields, reply }: TokenRequest, workloads: Workloads): Promise<FastifyReply> {
  const { subject_token: token = '', subject_token_type: type = '', requested_token_type: wanted } = fields;
  if (type !== tokenTypes.jwt && type !== tokenTypes.idToken)
    throw new OAuthError('invalid_request', `subject_token_type must be ${tokenTypes.jwt}`);
  if (wanted !== undefined && wanted !== tokenTypes.accessToken)
    throw new OAuthError('invalid_request', `requested_token_type can only be ${tokenTypes.accessToken}`);
  const { subject, workload } = await workloads.jobOf(token, context.declared().workloads);
  const issued = await context.keys.issue({ subject, groups: [], client: `workload ${workload}` });
  await context.client.access.sessions.recordExchange({ id: issued.id, subject, workload });
  return sendJson(reply, {
    access_token: issued.text,
    issued_token_type: tokenTypes.accessToken,
    token_type: 'Bearer',
    expires_in: issued.expiresIn,
  });
}
