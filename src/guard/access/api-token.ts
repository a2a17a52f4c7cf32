import { randomBytes } from 'node:crypto';
import { checkOf, sha256 } from './digest';

/**
 * API tokens: `dct_<id>_<secret>_<check>`, all hexadecimal. The prefix lets scanners of leaked secrets find one, the
 * check tells a mistyped token without asking anybody. Only a digest is stored; 256 random bits need no slow hash.
 */

const form = /^dct_([0-9a-f]{16})_([0-9a-f]{64})_([0-9a-f]{8})$/;
const idBytes = 8;
const secretBytes = 32;

export interface ApiToken {
  id: string;
  /** SHA-256 of the whole token, in hexadecimal digits. */
  digest: string;
}

/** A new token; its text is shown once, and stored nowhere. Those of one request have the same id. */
export function newApiToken(requestId?: string): ApiToken & { text: string } {
  const name = requestId === undefined ? randomBytes(idBytes).toString('hex') : sha256(requestId).slice(0, idBytes * 2);
  const body = `dct_${name}_${randomBytes(secretBytes).toString('hex')}`;
  const text = `${body}_${checkOf(body)}`;
  return { text, id: form.exec(text)![1]!, digest: sha256(text) };
}

/** The id and the digest of a token; undefined if the text is not one. */
export function parseApiToken(text: string): ApiToken | undefined {
  const [, id, , check] = form.exec(text) ?? [];
  if (id === undefined || check !== checkOf(text.slice(0, -check!.length - 1))) return undefined;
  return { id, digest: sha256(text) };
}
