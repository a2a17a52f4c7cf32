import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { actingFor } from '../../../client';
import { commandLineClient } from '../../../model/access';
import { sha256 } from '../../../guard/access/digest';
import { ApiProblem } from '../../problems';
import { formToken, requireForm } from '../browser/forms';
import { html } from '../browser/html';
import { toLogin } from '../browser/login';
import { sendPage } from '../browser/page';
import { sessionOf, type BrowserSession } from '../browser/session';
import type { AuthContext } from '../context';
import { newSecret, OAuthError, paths, type Fields } from './protocol';

/** A request of the command line to act as somebody (RFC 6749, with PKCE, from a loopback address). */
interface AuthorizationRequest {
  redirectUri: string;
  challenge: string;
  state?: string;
}

const loopback = /^http:\/\/(?:127\.0\.0\.1|\[::1\]):([1-9][0-9]{0,4})\/callback$/;
const challengeForm = /^[A-Za-z0-9_-]{43}$/;
const stateForm = /^[\x20-\x7e]{1,500}$/;
const largestPort = 65_535;

/** Adds the page on which somebody lets the command line act as them. */
export function addAuthorize(app: FastifyInstance, context: AuthContext): void {
  const open = { config: { action: 'open' } } as const;
  app.get(paths.authorize, open, (request, reply) =>
    withRequest(context, request.query as Fields, reply, async (asked) => {
      const session = await sessionOf(context, request);
      return session ? askForConsent(context, request, reply, asked, session) : toLogin(request, reply);
    }),
  );
  app.post(paths.authorize, open, async (request, reply) => {
    requireForm(context, request);
    const fields = request.body as Fields;
    return withRequest(context, fields, reply, async (asked) => {
      const session = await sessionOf(context, request);
      if (!session) throw new ApiProblem('unauthenticated', 'your log-in has ended', { advice: 'begin again' });
      if (fields.decision !== 'allow') throw new OAuthError('access_denied', 'it was not allowed');
      return redirect(context, reply, asked, { code: await issueCode(context, request, asked, session) });
    });
  });
}

/** The digest that binds a code to whoever has asked for it. */
export function bindingOf(redirectUri: string, challenge: string): string {
  return sha256([commandLineClient, redirectUri, challenge].join('\n'));
}

/**
 * Reads a request, and tells the command line what is wrong with it.
 * @throws ApiProblem for a request of nobody known: an error is never sent to an address that anybody may give
 */
async function withRequest(
  context: AuthContext,
  fields: Fields,
  reply: FastifyReply,
  answer: (request: AuthorizationRequest) => Promise<FastifyReply>,
): Promise<FastifyReply> {
  const { client_id: client, redirect_uri: redirectUri, state } = fields;
  if (client !== commandLineClient) throw new ApiProblem('bad_input', 'an unknown program asks to act as you');
  if (!isLoopbackUri(redirectUri))
    throw new ApiProblem('bad_input', 'the program that asks to act as you is not on your machine');
  const back = { redirectUri, challenge: '', ...(isState(state) && { state }) };
  try {
    return await answer({ ...back, challenge: challengeOf(fields) });
  } catch (error) {
    if (!(error instanceof OAuthError)) throw error;
    return redirect(context, reply, back, { error: error.code, error_description: error.message });
  }
}

/** @throws OAuthError unless the request has everything that it needs */
function challengeOf(fields: Fields): string {
  const { response_type: type, code_challenge: challenge, code_challenge_method: method, state } = fields;
  if (type !== 'code') throw new OAuthError('unsupported_response_type', 'response_type must be code');
  if (typeof challenge !== 'string' || !challengeForm.test(challenge) || method !== 'S256')
    throw new OAuthError('invalid_request', 'a code_challenge by the method S256 is needed');
  if (state !== undefined && !isState(state)) throw new OAuthError('invalid_request', 'state is not valid');
  return challenge;
}

function isState(state: unknown): state is string {
  return typeof state === 'string' && stateForm.test(state);
}

function isLoopbackUri(uri: unknown): uri is string {
  const [, port] = (typeof uri === 'string' && loopback.exec(uri)) || [];
  return port !== undefined && Number(port) <= largestPort;
}

function askForConsent(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { redirectUri, challenge, state }: AuthorizationRequest,
  { subject }: BrowserSession,
): FastifyReply {
  const { origin, host } = new URL(redirectUri);
  const hidden = {
    client_id: commandLineClient,
    redirect_uri: redirectUri,
    response_type: 'code',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...(state !== undefined && { state }),
  };
  return sendPage(reply, {
    title: 'Let the command line act as you?',
    // A source of a policy cannot be an IPv6 address.
    leadsTo: origin.includes('[') ? 'http:' : origin,
    body: html`<p>
        <code>deploy-code login</code> on this machine asks to act as <b>${subject}</b>, with all your roles. Allow it
        only if you have started it.
      </p>
      <p class="dim">The answer goes to ${host}.</p>
      <form method="post" action="${paths.authorize}">
        ${formToken(context, request, reply)}
        ${Object.entries(hidden).map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)}
        <button class="button main" name="decision" value="allow">Allow</button>
        <button class="button" name="decision" value="deny">Deny</button>
      </form>`,
  });
}

async function issueCode(
  { client }: AuthContext,
  { ip }: FastifyRequest,
  { redirectUri, challenge }: AuthorizationRequest,
  { subject, groups, method }: BrowserSession,
): Promise<string> {
  const code = newSecret();
  await actingFor({ by: subject, from: ip }, () =>
    client.access.signIn.issueCode({
      digest: sha256(code),
      binding: bindingOf(redirectUri, challenge),
      subject,
      groups,
      method,
    }),
  );
  return code;
}

/** The issuer is in the answer, so that no other server can pass it on (RFC 9207). */
function redirect(
  { issuer }: AuthContext,
  reply: FastifyReply,
  { redirectUri, state }: AuthorizationRequest,
  answer: Record<string, string>,
): FastifyReply {
  const query = new URLSearchParams({ ...answer, ...(state !== undefined && { state }), iss: issuer });
  return reply.header('cache-control', 'no-store').redirect(`${redirectUri}?${query.toString()}`, 303);
}
