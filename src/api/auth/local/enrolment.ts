import type { FastifyInstance } from 'fastify';
import type { RegistrationResponseJSON } from '@simplewebauthn/server';
import { newTotpSecret, totpStep, totpUri } from '../../../guard/access/totp';
import { passkeyTransports, type PasskeyAddition } from '../../../workflows/messages';
import { ApiProblem } from '../../problems';
import { formToken } from '../browser/forms';
import { type Html, html } from '../browser/html';
import { sendPage } from '../browser/page';
import { answerIn, openChallenge, sealChallenge } from './passkey-log-in';
import type { LocalContext } from './context';
import { qrModules, qrPath } from './qr-code';
import { paths } from './progress';
import { requireProven, type Proven } from './proven';
import { afterEnrolment } from './recovery-codes';

const stages = ['account', 'enrol'] as const;
const issuer = 'deploy-code';
const open = { config: { action: 'open' } } as const;

/** Adds the forms with which users add second factors. */
export function addEnrolment(app: FastifyInstance, context: LocalContext): void {
  app.post(`${paths.account}/app`, open, async (request, reply) => {
    const { found } = await requireProven(context, request, [...stages]);
    const secret = newTotpSecret();
    await context.as(found.name, request, () => context.logIns.offerTotp(found.name, secret));
    const uri = await totpUri(secret, found.name, issuer);
    return sendPage(reply, {
      title: 'Authenticator app',
      body: html`<p>Scan this with your app, or give it the key:</p>
        ${pictureOf(uri)}
        <p class="code" id="secret">${secret.match(/.{4}/g)!.join(' ')}</p>
        <p class="dim"><a href="${uri}">${uri}</a></p>
        <form method="post" action="${paths.account}/app/code">
          ${formToken(context.auth, request, reply)}
          <label for="code">The code that it shows</label>
          <input id="code" name="code" autocomplete="one-time-code" required maxlength="10" autofocus />
          <button class="button main">Go on</button>
        </form>`,
    });
  });

  app.post(`${paths.account}/app/code`, open, async (request, reply) => {
    const { found, form } = await requireProven(context, request, [...stages], 'code');
    const { offered } = found.user;
    const step = offered && (await totpStep(offered.secret, form.code ?? '', context.now()));
    const isRight =
      step !== undefined &&
      (await context.as(found.name, request, () => context.logIns.useTotp(found.name, step, true)));
    if (isRight) return afterEnrolment(context, request, reply, found);
    throw new ApiProblem('bad_input', 'this is not the code of the new key', {
      advice: 'check the clock of your device, go back, and write the code that the app shows now',
    });
  });

  app.post(`${paths.account}/passkey`, open, async (request, reply) => {
    const { found, form } = await requireProven(context, request, [...stages], 'state', 'answer', 'label');
    const passkey = await registered(context, found.name, form);
    if (!passkey) throw new ApiProblem('bad_input', 'the browser gave no valid passkey', { advice: 'try again' });
    const label = form.label?.trim() || 'passkey';
    await context.as(found.name, request, () => context.logIns.addPasskey({ name: found.name, label, ...passkey }));
    return afterEnrolment(context, request, reply, found);
  });
}

/** The code that apps scan. Of a very long name there is none; the key is below. */
function pictureOf(uri: string): Html | undefined {
  const modules = qrModules(uri);
  if (!modules) return undefined;
  const { size, path } = qrPath(modules);
  return html`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="QR code of the key">
    <rect width="${size}" height="${size}" fill="#fff" />
    <path d="${path}" fill="#000" />
  </svg>`;
}

/** Asks the browser for a new passkey; nothing where browsers have none. */
export async function registrationForm(
  context: LocalContext,
  { name, user }: Proven,
  token: Html,
): Promise<Html | undefined> {
  const rpID = context.passkeyDomain;
  if (rpID === undefined) return undefined;
  const { generateRegistrationOptions } = await import('@simplewebauthn/server');
  const options = await generateRegistrationOptions({
    rpID,
    rpName: issuer,
    userName: name,
    userID: new Uint8Array(Buffer.from(user.handle, 'base64url')),
    attestationType: 'none',
    excludeCredentials: user.passkeys.map(({ id, transports = [] }) => ({ id, transports })),
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  });
  const form = html`data-passkey="create" data-options="${JSON.stringify(options)}"`;
  return html`<form method="post" action="${paths.account}/passkey" ${form}>
    ${token}
    <input type="hidden" name="state" value="${await sealChallenge(context, registrationOf(name), options)}" />
    <input type="hidden" name="answer" value="" />
    <label for="label">Name of the new passkey</label>
    <input id="label" name="label" maxlength="60" placeholder="phone" />
    <button class="button" type="button">Add a passkey</button>
    <p class="bad" hidden></p>
  </form>`;
}

/** What an answer for this user registers; undefined if it is not valid. Signatures of vendors are not asked for. */
async function registered(
  context: LocalContext,
  name: string,
  { state = '', answer = '' }: { state?: string; answer?: string },
): Promise<Pick<PasskeyAddition, 'id' | 'publicKey' | 'counter' | 'transports'> | undefined> {
  const expectedChallenge = await openChallenge(context, registrationOf(name), state);
  const response = answerIn<RegistrationResponseJSON>(answer);
  if (expectedChallenge === undefined || !response) return undefined;
  const { verifyRegistrationResponse } = await import('@simplewebauthn/server');
  const { registrationInfo } = await verifyRegistrationResponse({
    response,
    expectedChallenge,
    expectedOrigin: context.auth.origin,
    expectedRPID: context.passkeyDomain ?? '',
    requireUserVerification: true,
  }).catch(() => ({ registrationInfo: undefined }));
  if (!registrationInfo) return undefined;
  const { id, publicKey, counter, transports = [] } = registrationInfo.credential;
  const known = transports.filter((each) => (passkeyTransports as readonly string[]).includes(each));
  return {
    id,
    publicKey: Buffer.from(publicKey).toString('base64url'),
    counter,
    transports: known as PasskeyAddition['transports'],
  };
}

/** A challenge for one user is none for another. */
function registrationOf(name: string): string {
  return `passkey registration ${name}`;
}
