import type { Payload, PayloadCodec, SerializationContext } from '@temporalio/common';
import { bindingOf } from './binding';
import { Budget, compress, decompress } from './compression';
import { decrypt, encrypt, isEncrypted } from './encryption';
import { keysOf, type KeyRing } from './keys';
import { PayloadRefused, refusedKey } from './refused';

/** In bytes. Smaller payloads stay readable in the Temporal UI, a deployment's details (at most 20,000) among them. */
const readableBelow = 24_000;
/** Encrypted ones are not readable anyway. */
const compressedFrom = 1000;

export interface CodecOptions {
  /**
   * With a key, also what is plain, and what earlier versions have encrypted; default by `DEPLOY_CODE_ACCEPT_PLAIN`.
   */
  acceptPlain?: boolean;
  /**
   * Lets workflows decide about a message that must not be used, which stands for itself then, instead of failing their
   * task again and again.
   */
  marksRefused?: boolean;
}

/** Whether messages from before encryption are accepted, by the environment. */
export function acceptsPlain({ DEPLOY_CODE_ACCEPT_PLAIN: value }: NodeJS.ProcessEnv = process.env): boolean {
  return value === '1' || value === 'true';
}

/**
 * What the worker and every client do to payloads: compressed where large; with a key encrypted, bound to where they
 * belong, and nothing else accepted.
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
        'a message is not encrypted, and this installation has a key ' +
          '(--accept-plain while migrating: docs/encryption.md)',
      );
    return payload;
  }
  const { payload: opened, binding } = decrypt(payload, keys);
  if (binding === undefined && mustBeSealed)
    throw new PayloadRefused(
      'a message does not say where it belongs, as those of earlier versions ' +
        '(--accept-plain while migrating: docs/encryption.md)',
    );
  if (binding !== undefined && context && binding !== bindingOf(context))
    throw new PayloadRefused(
      `a message was moved: it was made for ${binding || 'no workflow'} and came to ${bindingOf(context)}`,
    );
  return opened;
}

/** What the engine's converter reads. */
const known = new Set(['json/plain', 'binary/plain', 'binary/null']);

/** What no converter reads would fail the task of a workflow for ever. */
function readable(payload: Payload): Payload {
  const encoding = Buffer.from(payload.metadata?.encoding ?? []).toString();
  if (!known.has(encoding)) throw new PayloadRefused('a message is in no encoding that this engine writes');
  if (encoding !== 'json/plain') return payload;
  try {
    JSON.parse(Buffer.from(payload.data ?? []).toString());
    return payload;
  } catch {
    throw new PayloadRefused('a message is not JSON though it says so');
  }
}

function markOf({ message }: PayloadRefused): Payload {
  return {
    metadata: { encoding: Buffer.from('json/plain') },
    data: Buffer.from(JSON.stringify({ [refusedKey]: message })),
  };
}
