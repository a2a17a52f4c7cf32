import { gzipSync } from 'node:zlib';
import { limits } from '../model/stack/limits';
import type { Stack } from '../model/stack';

/**
 * Bytes of a stack as it travels with a release; no more is known of one that fits anyway than how large it is
 * uncompressed.
 */
export function packedSize(stack: Stack): number {
  const text = Buffer.from(JSON.stringify(stack));
  return text.length <= limits.packed ? text.length : gzipSync(text).length;
}
