import type { PayloadCodec } from '@temporalio/common';
import { compress, decompress } from './compression';
import { decrypt, encrypt } from './encryption';
import { keysOf, type KeyRing } from './keys';

/** In bytes. Smaller payloads stay readable in the Temporal UI, a deployment's details (at most 20,000) among them. */
const readableBelow = 24_000;
/** Encrypted ones are not readable anyway. */
const compressedFrom = 1000;

/** What the worker and every client do to payloads: compressed where large, encrypted where there are keys. */
export function payloadCodec(keys: KeyRing | undefined = keysOf(process.env)): PayloadCodec {
  return {
    encode: (payloads) =>
      Promise.all(payloads.map(async (payload) => (keys ? encrypt(await compress(payload, compressedFrom), keys) : compress(payload, readableBelow)))),
    decode: (payloads) => Promise.all(payloads.map(async (payload) => decompress(decrypt(payload, keys)))),
  };
}
