import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { KeyRing } from './keys';
import { PayloadRefused } from './refused';

const { Payload: PayloadBytes } = temporal.api.common.v1;

const encoding = 'binary/encrypted';
const cipher = 'aes-256-gcm';
const keyId = 'encryption-key-id';
/** Where the payload belongs; absent in those of earlier versions. */
const boundTo = 'bound-to';
const longestId = 40;
const nonceBytes = 12;
const tagBytes = 16;

/** A payload as it was before, and where it belongs; absent in those of earlier versions. */
export interface Opened {
  payload: Payload;
  binding?: string;
}

/**
 * Hides a payload, what it is encoded by included: nonce, tag and cipher text by AES-256-GCM. The key's id and the
 * binding stand beside it, authenticated with it.
 */
export function encrypt(payload: Payload, { current }: KeyRing, binding: string): Payload {
  const nonce = randomBytes(nonceBytes);
  const sealing = createCipheriv(cipher, current.secret, nonce).setAAD(associated(current.id, binding));
  const text = Buffer.concat([sealing.update(PayloadBytes.encode(payload).finish()), sealing.final()]);
  return {
    metadata: { encoding: Buffer.from(encoding), [keyId]: Buffer.from(current.id), [boundTo]: Buffer.from(binding) },
    data: Buffer.concat([nonce, sealing.getAuthTag(), text]),
  };
}

export function isEncrypted({ metadata }: Payload): boolean {
  return (
    metadata?.encoding !== undefined &&
    metadata.encoding !== null &&
    Buffer.from(metadata.encoding).toString() === encoding
  );
}

/**
 * @throws PayloadRefused for one that somebody has made or changed without the keys, Error where there is no key at
 * all: a worker that was started without its keys must not leave out what others have written
 */
export function decrypt({ metadata, data }: Payload, keys: KeyRing | undefined): Opened {
  const id = textOf(metadata?.[keyId]) ?? '';
  const secret = keys?.all.get(id);
  if (!secret) {
    const why =
      `a payload is encrypted with the key "${id.slice(0, longestId)}", and ` +
      'DEPLOY_CODE_ENCRYPTION_KEY_FILE holds no such key (docs/encryption.md)';
    throw keys ? new PayloadRefused(why) : new Error(why);
  }
  const binding = textOf(metadata?.[boundTo]);
  const payload = PayloadBytes.decode(open(Buffer.from(data ?? []), secret, associated(id, binding)));
  return { payload: { metadata: payload.metadata, data: payload.data }, ...(binding !== undefined && { binding }) };
}

function open(bytes: Buffer, secret: Buffer, aad: Buffer): Buffer {
  try {
    const opening = createDecipheriv(cipher, secret, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes }).setAAD(
      aad,
    );
    opening.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    return Buffer.concat([opening.update(bytes.subarray(nonceBytes + tagBytes)), opening.final()]);
  } catch {
    throw new PayloadRefused('an encrypted message was changed by somebody without the key');
  }
}

/** The id alone is what earlier versions authenticated; neither has a line break. */
function associated(id: string, binding: string | undefined): Buffer {
  return Buffer.from(binding === undefined ? id : `${id}\n${binding}`);
}

function textOf(bytes: Uint8Array | null | undefined): string | undefined {
  return bytes ? Buffer.from(bytes).toString() : undefined;
}
