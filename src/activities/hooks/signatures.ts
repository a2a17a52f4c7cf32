import { createHmac, timingSafeEqual } from 'node:crypto';
import { sha256 } from '../../guard/access/digest';
import { hookCredential } from '../../guard/access/hook-credential';
import type { HookDelivery, HookRefusal, Trigger, TriggerKind } from '../../model/hooks';

/** A delivery to a trigger, and what is needed to judge it. */
export interface Received {
  trigger: Trigger;
  secret: string;
  delivery: HookDelivery;
  place: { stack: string; environment: string };
  now: number;
}

/** A delivery that is not genuine, or not a new one. */
export class Refused extends Error {
  constructor(
    readonly reason: HookRefusal,
    message: string,
  ) {
    super(message);
  }
}

/** How far the time of a signature may be from now. */
const toleranceMs = 5 * 60 * 1000;
/** A sender that changes its key signs with the old and the new one. */
const mostSignatures = 10;

type Verify = (received: Received, body: Buffer) => string;

/**
 * Verifies a delivery, and returns a digest of what identifies it. The ids that GitHub sends are not signed, so its
 * deliveries are known by their bodies: nobody makes another deployment of one by changing its id.
 * @throws Refused if it is not genuine, or its signature is too old
 */
export function verify(received: Received, body: Buffer): { id: string } {
  return { id: sha256(verifiers[received.trigger.from](received, body)) };
}

const verifiers: Record<TriggerKind, Verify> = {
  github: byBody,
  ghcr: byBody,
  gitlab: (received, body) => (received.delivery.headers['webhook-signature'] ? standard : gitlabToken)(received, body),
  dockerhub: bySecret,
  harbor: bySecret,
  signed: byTime,
};

/** https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
function byBody({ delivery, secret }: Received, body: Buffer): string {
  const [, given] = /^sha256=([0-9a-f]{64})$/.exec(delivery.headers['x-hub-signature-256'] ?? '') ?? [];
  requireSame(given && Buffer.from(given, 'hex'), createHmac('sha256', secret).update(body).digest());
  return `body ${sha256(body)}`;
}

/** Standard Webhooks, as GitLab signs: https://www.standardwebhooks.com */
function standard({ delivery: { headers }, secret, now }: Received, body: Buffer): string {
  const { 'webhook-id': id = '', 'webhook-timestamp': time = '', 'webhook-signature': all = '' } = headers;
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : secret;
  const expected = createHmac('sha256', key).update(`${id}.${time}.`).update(body).digest();
  const given = all.split(' ', mostSignatures).flatMap((each) => /^v1,([A-Za-z0-9+/]{43}=)$/.exec(each)?.[1] ?? []);
  const fits = given.map((each) => timingSafeEqual(Buffer.from(each, 'base64'), expected));
  requireSame(fits.includes(true) ? expected : undefined, expected);
  requireTime(time, now);
  return `id ${id}`;
}

/** The same request again has the same ids and the same body. */
function gitlabToken(received: Received, body: Buffer): string {
  const { headers } = received.delivery;
  return `${headers['idempotency-key'] ?? headers['x-gitlab-event-uuid'] ?? ''} ${bySecret(received, body)}`;
}

/** The request carries the secret itself, of which the server has made a digest. */
function bySecret({ delivery: { credential }, secret, place, trigger }: Received, body: Buffer): string {
  const [given, expected] = [credential, hookCredential(place, trigger.name, secret)];
  requireSame(given === undefined ? undefined : Buffer.from(given, 'hex'), Buffer.from(expected, 'hex'));
  return `body ${sha256(body)}`;
}

/** `t=<seconds>,v1=<hex>`: HMAC-SHA256 over `<seconds>.<body>`. */
function byTime({ delivery, secret, now }: Received, body: Buffer): string {
  const header = delivery.headers['x-deploy-code-signature'] ?? '';
  const [, time = '', signatures = ''] = /^t=(\d{1,12})((?:,v1=[0-9a-f]{64}){1,10})$/.exec(header) ?? [];
  const expected = createHmac('sha256', secret).update(`${time}.`).update(body).digest();
  const fits = [...signatures.matchAll(/,v1=([0-9a-f]{64})/g)].map(([, hex]) =>
    timingSafeEqual(Buffer.from(hex!, 'hex'), expected),
  );
  requireSame(fits.includes(true) ? expected : undefined, expected);
  requireTime(time, now);
  return `time ${time} ${sha256(body)}`;
}

/** @throws Refused unless both are the same; takes the same time wherever they differ */
function requireSame(given: Buffer | '' | undefined, expected: Buffer): void {
  if (given && given.length === expected.length && timingSafeEqual(given, expected)) return;
  throw new Refused('signature', 'the signature is not valid');
}

/** @throws Refused if a time of a signature is too far from now */
function requireTime(seconds: string, now: number): void {
  if (/^\d{1,12}$/.test(seconds) && Math.abs(now - Number(seconds) * 1000) <= toleranceMs) return;
  throw new Refused('stale', 'the signature is more than five minutes old, or of the future');
}
