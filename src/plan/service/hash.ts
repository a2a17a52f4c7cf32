import { sha256 } from '@noble/hashes/sha2';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils';

/**
 * Looked up once: access to globals is slow in the workflow sandbox, and this runs in loops over a whole stack.
 */
const { imul } = Math;

export { canonical } from '../../model/text/canonical';

/** SHA-256 in hexadecimal digits. */
export function digestOf(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/** 16 hex digits of SHA-256. Decides whether an instance is out of date. */
export function contentHash(text: string): string {
  return digestOf(text).slice(0, 16);
}

/** A quick 53-bit hash (cyrb53). Only tells which keys changed, once the content hash says that something did. */
export function quickHash(text: string): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    a = imul(a ^ code, 2654435761);
    b = imul(b ^ code, 1597334677);
  }
  a = imul(a ^ (a >>> 16), 2246822507) ^ imul(b ^ (b >>> 13), 3266489909);
  b = imul(b ^ (b >>> 16), 2246822507) ^ imul(a ^ (a >>> 13), 3266489909);
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
}
