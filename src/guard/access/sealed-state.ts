import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** State that a browser keeps for servers, which it can neither read nor change: AES-256-GCM, and an end. */

const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;
const algorithm = 'aes-256-gcm';

/** Seals data for one purpose; text that was sealed for another one does not open. `until` in ms since the epoch. */
export function sealState(secret: string, purpose: string, data: object, until: number): string {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, keyOf(secret), iv).setAAD(Buffer.from(purpose));
  const body = Buffer.concat([cipher.update(JSON.stringify({ data, until })), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), body]).toString('base64url');
}

/** The data; undefined if it was changed, sealed for something else, or has ended. */
export function openState(secret: string, purpose: string, text: string, now = Date.now()): unknown {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length <= ivBytes + tagBytes) return undefined;
  const decipher = createDecipheriv(algorithm, keyOf(secret), bytes.subarray(0, ivBytes))
    .setAAD(Buffer.from(purpose))
    .setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
  try {
    const body = Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()]);
    const { data, until } = JSON.parse(body.toString()) as { data: unknown; until: number };
    return until > now ? data : undefined;
  } catch {
    return undefined;
  }
}

function keyOf(secret: string): Buffer {
  return Buffer.from(hkdfSync('sha256', Buffer.from(secret, 'base64url'), '', 'deploy-code log-in', keyBytes));
}
