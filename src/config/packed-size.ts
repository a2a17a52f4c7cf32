import { limits } from '../model/stack/limits';
import type { Stack } from '../model/stack';

/** Size of a stack in bytes as stored with a release: gzipped if its JSON is larger than the limit. */
export function packedSize(stack: Stack): number {
  const text = Buffer.from(JSON.stringify(stack));
  return text.length <= limits.packed ? text.length : process.getBuiltinModule('node:zlib').gzipSync(text).length;
}
