import { randomInt } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { actingFor } from '../../../client';
import { commandLineClient } from '../../../model/access';
import { sha256 } from '../../../guard/access/digest';
import { monotonicMs } from '../../../guard/monotonic';
import { keepLatest } from '../../../guard/bounded';
import { codeLimits } from '../../../workflows/messages';
import { ApiProblem } from '../../problems';
import { formToken, requireForm } from '../browser/forms';
import { html } from '../browser/html';
import { toLogin } from '../browser/login';
import { sendPage } from '../browser/page';
import { sessionOf, type BrowserSession } from '../browser/session';
import type { AuthContext } from '../context';
import { newSecret, paths, requireClient, sendJson, type Fields } from './protocol';

/** Log-in of a device without a browser, by a code that somebody types elsewhere (RFC 8628). */

/** Consonants, so that no code is a word; 8 of them have 34 bits. */
const letters = 'BCDFGHJKLMNPQRSTVWXZ';
const codeForm = new RegExp(`^[${letters}]{8}$`);
const intervalMs = 5000;
const mostPolls = 1000;

/** When device codes were last asked for at this server. */
export class DevicePolls {
  private readonly last = new Map<string, number>();

  constructor(private readonly elapsed = monotonicMs) {}

  /** True for a device that does not wait. A little less than the interval is enough: networks hold up requests. */
  isTooSoon(device: string): boolean {
    const now = this.elapsed();
    const last = this.last.get(device);
    keepLatest(this.last, device, now, mostPolls);
    return last !== undefined && now - last < intervalMs / 2;
  }
}

/** Adds the endpoint at which a device asks for a code. */
export function addDeviceAuthorization(app: FastifyInstance, { client, issuer }: AuthContext): void {
  app.post(paths.deviceAuthorization, { config: { action: 'open', isRare: true } }, async (request, reply) => {
    requireClient((request.body ?? {}) as Fields);
    const [device, userCode] = [newSecret(), newUserCode()];
    await actingFor({ by: commandLineClient, from: request.ip }, () =>
      client.access.signIn.requestDevice({ digest: sha256(device), userCode: sha256(userCode) }),
    );
    const shown = `${userCode.slice(0, 4)}-${userCode.slice(4)}`;
    return sendJson(reply, {
      device_code: device,
      user_code: shown,
      verification_uri: `${issuer}${paths.device}`,
      verification_uri_complete: `${issuer}${paths.device}?user_code=${shown}`,
      expires_in: codeLimits.deviceMs / 1000,
      interval: intervalMs / 1000,
    });
  });
}

/** Adds the page on which somebody types the code of a device. */
export function addDevicePage(app: FastifyInstance, context: AuthContext): void {
  const config = { config: { action: 'open', isRare: true } } as const;
  const { signIn } = context.client.access;
  app.get(paths.device, config, async (request, reply) => {
    const session = await sessionOf(context, request);
    if (!session) return toLogin(request, reply);
    const { user_code: typed } = request.query as Fields;
    if (typed === undefined || typed === '') return askForCode(reply);
    const code = codeOf(typed);
    const found = code === undefined ? undefined : await signIn.requestWith(sha256(code));
    return code !== undefined && found
      ? askForConsent(context, request, reply, { code, from: found.from }, session)
      : askForCode(reply, 'Nobody waits for this code. Codes end after ten minutes.');
  });
  app.post(paths.device, config, async (request, reply) => {
    requireForm(context, request);
    const session = await sessionOf(context, request);
    if (!session) throw new ApiProblem('unauthenticated', 'your log-in has ended', { advice: 'begin again' });
    const { user_code: typed, decision } = request.body as Fields;
    const code = codeOf(typed);
    if (code === undefined) return askForCode(reply, 'This is not a code.');
    return decide(context, request, reply, { code, isAllowed: decision === 'allow' }, session);
  });
}

async function decide(
  { client }: AuthContext,
  { ip }: FastifyRequest,
  reply: FastifyReply,
  { code, isAllowed }: { code: string; isAllowed: boolean },
  { subject, groups, method }: BrowserSession,
): Promise<FastifyReply> {
  const decision = isAllowed ? 'approved' : 'denied';
  const wasWaiting = await actingFor({ by: subject, from: ip }, () =>
    client.access.signIn.decideDevice({ userCode: sha256(code), decision, subject, groups, method }),
  );
  if (!wasWaiting) return askForCode(reply, 'Nobody waits for this code any more.');
  return sendPage(reply, {
    title: isAllowed ? 'The device is logged in' : 'The device was refused',
    body: html`<p>You can close this page.</p>`,
  });
}

function askForCode(reply: FastifyReply, problem?: string): FastifyReply {
  return sendPage(reply, {
    title: 'Log in a device',
    body: html`${problem !== undefined && html`<p class="bad">${problem}</p>`}
      <form method="get" action="${paths.device}">
        <label for="user_code">The code that the device shows</label>
        <input id="user_code" name="user_code" class="code" maxlength="20" autocomplete="off" autofocus required />
        <button class="button main">Continue</button>
      </form>`,
  });
}

function askForConsent(
  context: AuthContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { code, from = 'an unknown address' }: { code: string; from?: string },
  { subject }: BrowserSession,
): FastifyReply {
  return sendPage(reply, {
    title: 'Let a device act as you?',
    body: html`<p class="code">${code.slice(0, 4)}-${code.slice(4)}</p>
      <p>
        <code>deploy-code login</code> on a device at ${from} asks to act as <b>${subject}</b>, with all your roles.
        Allow it only if your own device shows this code now. Nobody else needs it from you.
      </p>
      <form method="post" action="${paths.device}">
        ${formToken(context, request, reply)}
        <input type="hidden" name="user_code" value="${code}" />
        <button class="button main" name="decision" value="allow">Allow</button>
        <button class="button" name="decision" value="deny">Deny</button>
      </form>`,
  });
}

function newUserCode(): string {
  return Array.from({ length: 8 }, () => letters[randomInt(letters.length)]).join('');
}

/** A code as somebody types it: in any case, with or without a dash. */
function codeOf(typed: unknown): string | undefined {
  const code = typeof typed === 'string' ? typed.replace(/[\s-]/g, '').toUpperCase() : '';
  return codeForm.test(code) ? code : undefined;
}
