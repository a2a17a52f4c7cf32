import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AuthenticationResponseJSON } from '@simplewebauthn/server';
import { sha256 } from '../../../guard/access/digest';
import type { NamedUser, StoredPasskey } from '../../../workflows/messages';
import { requireForm } from '../browser/forms';
import { type Html, html } from '../browser/html';
import { returnPath } from '../browser/return-path';
import { refuseLogin } from './attempts';
import { fieldsOf, purposeIn, type LocalContext, type Purpose } from './context';
import { proceed } from './progress';

const challengeMs = 10 * 60_000;
const sealedFor = 'passkey log-in';

/** Asks the browser for a passkey of this server, whoever it belongs to; nothing where browsers have none. */
export async function passkeyForm(
  context: LocalContext,
  token: Html,
  { back, purpose }: { back?: string | undefined; purpose: Purpose },
): Promise<Html | undefined> {
  const rpID = context.passkeyDomain;
  if (rpID === undefined) return undefined;
  const { generateAuthenticationOptions } = await import('@simplewebauthn/server');
  const options = await generateAuthenticationOptions({ rpID, userVerification: 'required', timeout: challengeMs });
  return html`<form method="post" action="/auth/passkey" data-passkey="get" data-options="${JSON.stringify(options)}">
    ${token}
    <input type="hidden" name="state" value="${await sealChallenge(context, sealedFor, options)}" />
    <input type="hidden" name="purpose" value="${purpose}" />
    ${back !== undefined && html`<input type="hidden" name="return" value="${back}" />`}
    <input type="hidden" name="answer" value="" />
    <button class="button" type="button">Log in with a passkey</button>
    <p class="bad" hidden></p>
  </form>`;
}

/** Adds the log-in by passkey. It proves everything: the authenticator has checked who uses it. */
export function addPasskeyLogIn(app: FastifyInstance, context: LocalContext): void {
  app.post('/auth/passkey', { config: { action: 'open' } }, async (request, reply) => {
    requireForm(context.auth, request);
    const form = fieldsOf(request, 'state', 'purpose', 'return', 'answer');
    const found = await ownerOf(context, request, form);
    if (!found) return refuseLogin(context, request, undefined);
    return proceed(context, request, reply, found, {
      by: 'everything',
      method: 'passkey',
      purpose: purposeIn(form.purpose),
      back: returnPath(form.return, context.auth.origin),
    });
  });
}

/** Whose passkey has answered; undefined if the answer is not valid, or was given before. */
async function ownerOf(
  context: LocalContext,
  request: FastifyRequest,
  { state = '', answer = '' }: { state?: string; answer?: string },
): Promise<NamedUser | undefined> {
  const challenge = await openChallenge(context, sealedFor, state);
  const response = answerIn<AuthenticationResponseJSON>(answer);
  if (challenge === undefined || !response) return undefined;
  const owner = await context.as(undefined, request, () => context.logIns.ownerOfPasskey(response.id));
  const passkey = owner?.user.passkeys.find(({ id }) => id === response.id);
  if (!owner || !passkey || owner.user.disabled || !isOf(owner, response)) return undefined;
  const counter = await counterOf(context, response, passkey, challenge);
  if (counter === undefined) return undefined;
  const digest = sha256(challenge);
  const isFirst = await context.as(owner.name, request, () => context.logIns.usePasskey(passkey.id, counter, digest));
  return isFirst ? owner : undefined;
}

/** An authenticator that says whom its passkey is for has to say the same. */
function isOf({ user }: NamedUser, { response }: AuthenticationResponseJSON): boolean {
  const { userHandle } = (response as AuthenticationResponseJSON['response'] | undefined) ?? {};
  return userHandle === undefined || userHandle === user.handle;
}

async function counterOf(
  { auth, passkeyDomain }: LocalContext,
  response: AuthenticationResponseJSON,
  { id, publicKey }: StoredPasskey,
  expectedChallenge: string,
): Promise<number | undefined> {
  const { verifyAuthenticationResponse } = await import('@simplewebauthn/server');
  const verified = await verifyAuthenticationResponse({
    response,
    expectedChallenge,
    expectedOrigin: auth.origin,
    expectedRPID: passkeyDomain ?? '',
    // Whether it counts on is judged where all servers see it.
    credential: { id, publicKey: new Uint8Array(Buffer.from(publicKey, 'base64url')), counter: 0 },
    requireUserVerification: true,
  }).catch(() => undefined);
  return verified?.verified ? verified.authenticationInfo.newCounter : undefined;
}

/** A challenge that a form brings back, sealed. */
export function sealChallenge(
  context: LocalContext,
  purpose: string,
  { challenge }: { challenge: string },
): Promise<string> {
  return context.seal(purpose, { challenge }, challengeMs);
}

export async function openChallenge(context: LocalContext, purpose: string, text: string): Promise<string | undefined> {
  const opened = (await context.open(purpose, text)) as { challenge: string } | undefined;
  return opened?.challenge;
}

/** The answer of an authenticator; undefined for anything that does not look like one. */
export function answerIn<T extends { id: string }>(text: string): T | undefined {
  try {
    const answer = JSON.parse(text) as Partial<T> | null;
    return typeof answer?.id === 'string' ? (answer as T) : undefined;
  } catch {
    return undefined;
  }
}
