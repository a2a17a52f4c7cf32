import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { bindingOf } from './binding';
import { Budget, compress, decompress } from './compression';
import { decrypt, encrypt, isEncrypted } from './encryption';
import { keysOf, type KeyRing } from './keys';
import { PayloadRefused, refusedKey } from './refused';

/** In bytes. Smaller payloads stay readable in the Temporal UI, including a deployment's details (at most 20,000). */
const readableBelow = 24_000;
/** In bytes. Encrypted payloads are not readable anyway, so smaller ones are compressed too. */
const compressedFrom = 1000;

export interface CodecOptions {
  /**
   * Accept plain payloads and those that earlier versions encrypted although there is a key; default by
   * `DEPLOY_CODE_ACCEPT_PLAIN`.
   */
  acceptPlain?: boolean;
  /** Decode a refused payload to a marker, so that the workflow can handle it; otherwise its task fails forever. */
  marksRefused?: boolean;
}

/** True if the environment says that unencrypted messages are accepted. */
export function acceptsPlain({ DEPLOY_CODE_ACCEPT_PLAIN: value }: NodeJS.ProcessEnv = process.env): boolean {
  return value === '1' || value === 'true';
}

/**
 * The codec of the worker and all clients: compresses large payloads; with a key, encrypts them, binds them to their
 * owner, and refuses all others.
 */
export function payloadCodec(
  keys: KeyRing | undefined = keysOf(process.env),
  options: CodecOptions = {},
): PayloadCodec {
  const { acceptPlain = acceptsPlain(), marksRefused = false } = options;
  const encode = async (payload: Payload, context?: SerializationContext) =>
    keys
      ? encrypt(await compress(payload, compressedFrom), keys, bindingOf(context))
      : compress(payload, readableBelow);
  const decode = async (payload: Payload, budget: Budget, context?: SerializationContext) =>
    decompress(unseal(payload, keys, acceptPlain, context), budget);
  const decodeMarked = (payload: Payload, budget: Budget, context?: SerializationContext) =>
    decode(payload, budget, context)
      .then(readable)
      .catch((error: unknown) => {
        if (error instanceof PayloadRefused && context?.type === 'workflow') return markOf(error);
        throw error;
      });
  const decodeOne = marksRefused ? decodeMarked : decode;
  return {
    encode: (payloads, context) => Promise.all(payloads.map((payload) => encode(payload, context))),
    async decode(payloads, context) {
      const budget = new Budget();
      const decoded: Payload[] = [];
      for (const payload of payloads) decoded.push(await decodeOne(payload, budget, context));
      return decoded;
    },
  };
}

function unseal(
  payload: Payload,
  keys: KeyRing | undefined,
  acceptPlain: boolean,
  context: SerializationContext | undefined,
): Payload {
  const mustBeSealed = keys !== undefined && !acceptPlain;
  if (!isEncrypted(payload)) {
    if (mustBeSealed)
      throw new PayloadRefused(
        'a message is not encrypted, but this installation has a key ' +
          '(--accept-plain while migrating: docs/encryption.md)',
      );
    return payload;
  }
  const { payload: opened, binding } = decrypt(payload, keys);
  if (binding === undefined && mustBeSealed)
    throw new PayloadRefused(
      'a message is not bound to a workflow; an earlier version wrote it ' +
        '(--accept-plain while migrating: docs/encryption.md)',
    );
  if (binding !== undefined && context && binding !== bindingOf(context))
    throw new PayloadRefused(
      `a message was moved: it belongs to ${binding || 'no workflow'}, not to ${bindingOf(context)}`,
    );
  return opened;
}

/** Encodings that the engine's data converter can read. */
const readableEncodings = new Set(['json/plain', 'binary/plain', 'binary/null']);

/** Refuses payloads that the data converter cannot read: they would fail the task of a workflow forever. */
function readable(payload: Payload): Payload {
  const encoding = Buffer.from(payload.metadata?.encoding ?? []).toString();
  if (!readableEncodings.has(encoding))
    throw new PayloadRefused('a message has an encoding that this engine does not use');
  if (encoding !== 'json/plain') return payload;
  try {
    JSON.parse(Buffer.from(payload.data ?? []).toString());
    return payload;
  } catch {
    throw new PayloadRefused('a message is marked as JSON but is not valid JSON');
  }
}

function markOf({ message }: PayloadRefused): Payload {
  return {
    metadata: { encoding: Buffer.from('json/plain') },
    data: Buffer.from(JSON.stringify({ [refusedKey]: message })),
  };
}
