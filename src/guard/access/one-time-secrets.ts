import { randomBytes } from 'node:crypto';
import { sha256 } from './digest';

/** Secrets that somebody uses once. Only digests are stored; their random bits need no slow hash. */

const linkBytes = 32;
const linkForm = /^[A-Za-z0-9_-]{43}$/;
/** Letters and digits that nobody mistakes for others. */
const alphabet = 'abcdefghjkmnpqrstuvwxyz23456789';
const codes = 10;
const codeLength = 16;
const codeForm = new RegExp(`^[${alphabet}]{${codeLength}}$`);

/** A new one-time link; its token is shown once. */
export function newLink(): { token: string; digest: string } {
  const token = randomBytes(linkBytes).toString('base64url');
  return { token, digest: digestOfLink(token)! };
}

/** The digest of the token of a link; undefined if the text is not one. */
export function digestOfLink(token: string): string | undefined {
  return linkForm.test(token) ? sha256(`deploy-code link ${token}`) : undefined;
}

/** New recovery codes, such as `k7wq-93fa-hm2x-ttzb`, and their digests in the same order. */
export function newRecoveryCodes(): { codes: string[]; digests: string[] } {
  const all = Array.from({ length: codes }, () => newCode());
  return { codes: all.map((code) => code.match(/.{4}/g)!.join('-')), digests: all.map((code) => digestOfCode(code)!) };
}

/** The digest of a recovery code, however it is spaced; undefined if the text is not one. */
export function digestOfCode(text: string): string | undefined {
  const code = text.toLowerCase().replace(/[\s-]/g, '');
  return codeForm.test(code) ? sha256(`deploy-code recovery ${code}`) : undefined;
}

/** Bytes beyond the last whole alphabet are left out: each letter is as likely as any other. */
function newCode(): string {
  let code = '';
  while (code.length < codeLength)
    for (const byte of randomBytes(codeLength))
      if (code.length < codeLength && byte < 256 - (256 % alphabet.length)) code += alphabet[byte % alphabet.length]!;
  return code;
}
