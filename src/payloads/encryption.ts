import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { KeyRing } from './keys';

const { Payload: PayloadBytes } = temporal.api.common.v1;

const encoding = 'binary/encrypted';
const cipher = 'aes-256-gcm';
const keyId = 'encryption-key-id';
const nonceBytes = 12;
const tagBytes = 16;

/** Hides a payload, what it is encoded by included: nonce, tag and cipher text by AES-256-GCM. The key's id stands beside it. */
export function encrypt(payload: Payload, { current }: KeyRing): Payload {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, current.secret, nonce).setAAD(Buffer.from(current.id));
  const text = Buffer.concat([sealing.update(PayloadBytes.encode(payload).finish()), sealing.final()]);
  return { metadata: { encoding: Buffer.from(encoding), [keyId]: Buffer.from(current.id) }, data: Buffer.concat([nonce, sealing.getAuthTag(), text]) };
}

/** Payloads that are not encrypted pass. @throws Error for one whose key is not here, or that somebody has changed */
export function decrypt(payload: Payload, keys: KeyRing | undefined): Payload {
  const { metadata, data } = payload;
  if (!metadata?.encoding || Buffer.from(metadata.encoding).toString() !== encoding) return payload;
  const id = Buffer.from(metadata[keyId] ?? []).toString();
  const secret = keys?.all.get(id);
  if (!secret) throw new Error(`a payload is encrypted with the key "${id}", and DEPLOY_CODE_ENCRYPTION_KEY_FILE holds no such key (docs/encryption.md)`);
  const bytes = Buffer.from(data!);
  const opening = createDecipheriv(cipher, secret, bytes.subarray(0, nonceBytes)).setAAD(Buffer.from(id));
  opening.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
  const plain = Buffer.concat([opening.update(bytes.subarray(nonceBytes + tagBytes)), opening.final()]);
  const { metadata: own, data: ownData } = PayloadBytes.decode(plain);
  return { metadata: own, data: ownData };
}
