import { randomBytes } from 'node:crypto';

/** Codes of an authenticator app (RFC 6238): six digits, a new one every 30 seconds, one step of tolerance. */

const secretBytes = 20;
const settings = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
const codeForm = /^[0-9]{6}$/;
const tolerance = 1;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A new secret in base32. */
export function newTotpSecret(): string {
  const bits = [...randomBytes(secretBytes)].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return bits
    .match(/.{5}/g)!
    .map((five) => alphabet[parseInt(five, 2)]!)
    .join('');
}

/** What an authenticator app takes, as text and as a link. */
export async function totpUri(secret: string, user: string, issuer: string): Promise<string> {
  const { Secret, TOTP } = await import('otpauth');
  return new TOTP({ ...settings, issuer, label: user, secret: Secret.fromBase32(secret) }).toString();
}

/** The step of time that a code belongs to; undefined for a wrong code. A step that was used is up to the caller. */
export async function totpStep(secret: string, code: string, now: number): Promise<number | undefined> {
  const digits = code.replace(/\s/g, '');
  if (!codeForm.test(digits)) return undefined;
  const { Secret, TOTP } = await import('otpauth');
  const totp = new TOTP({ ...settings, secret: Secret.fromBase32(secret) });
  const delta = totp.validate({ token: digits, window: tolerance, timestamp: now });
  return delta === null ? undefined : Math.floor(now / 1000 / settings.period) + delta;
}
