import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import type { KeyRing } from './keys';
import { PayloadRefused } from './refused';

const { Payload: PayloadBytes } = temporal.api.common.v1;

const encoding = 'binary/encrypted';
const cipher = 'aes-256-gcm';
const keyId = 'encryption-key-id';
/** Metadata key of the binding; absent in payloads of earlier versions. */
const boundTo = 'bound-to';
const longestId = 40;
const nonceBytes = 12;
const tagBytes = 16;

/** A decrypted payload, and its binding; absent in payloads of earlier versions. */
export interface Decrypted {
  payload: Payload;
  binding?: string;
}

/**
 * Encrypts a payload including its metadata: nonce, tag and ciphertext of AES-256-GCM. The key's id and the binding are
 * stored in plain text, and authenticated.
 */
export function encrypt(payload: Payload, { current }: KeyRing, binding: string): Payload {
  const nonce = randomBytes(nonceBytes);
  const encryptor = createCipheriv(cipher, current.secret, nonce).setAAD(associated(current.id, binding));
  const text = Buffer.concat([encryptor.update(PayloadBytes.encode(payload).finish()), encryptor.final()]);
  return {
    metadata: { encoding: Buffer.from(encoding), [keyId]: Buffer.from(current.id), [boundTo]: Buffer.from(binding) },
    data: Buffer.concat([nonce, encryptor.getAuthTag(), text]),
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
 * @throws PayloadRefused if the payload was forged or changed without the key
 * @throws Error if there are no keys at all: a worker that was started without its keys must not skip valid messages
 */
export function decrypt({ metadata, data }: Payload, keys: KeyRing | undefined): Decrypted {
  const id = textOf(metadata?.[keyId]) ?? '';
  const secret = keys?.all.get(id);
  if (!secret) {
    const why =
      `a payload is encrypted with the key "${id.slice(0, longestId)}", but ` +
      'DEPLOY_CODE_ENCRYPTION_KEY_FILE has no such key; add it (docs/encryption.md)';
    throw keys ? new PayloadRefused(why) : new Error(why);
  }
  const binding = textOf(metadata?.[boundTo]);
  const payload = PayloadBytes.decode(open(Buffer.from(data ?? []), secret, associated(id, binding)));
  return { payload: { metadata: payload.metadata, data: payload.data }, ...(binding !== undefined && { binding }) };
}

function open(bytes: Buffer, secret: Buffer, aad: Buffer): Buffer {
  try {
    const decryptor = createDecipheriv(cipher, secret, bytes.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    }).setAAD(aad);
    decryptor.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes));
    return Buffer.concat([decryptor.update(bytes.subarray(nonceBytes + tagBytes)), decryptor.final()]);
  } catch {
    throw new PayloadRefused('an encrypted message was changed by somebody without the key');
  }
}

/** Additional authenticated data. Earlier versions authenticated the id only; neither part contains a line break. */
function associated(id: string, binding: string | undefined): Buffer {
  return Buffer.from(binding === undefined ? id : `${id}\n${binding}`);
}

function textOf(bytes: Uint8Array | null | undefined): string | undefined {
  return bytes ? Buffer.from(bytes).toString() : undefined;
}
