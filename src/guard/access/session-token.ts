import { randomBytes } from 'node:crypto';
import { checkOf, sha256 } from './digest';

/**
 * Tokens of sessions: `dcr_<session>_<secret>_<check>` of programs, which refresh them, `dcb_…` of browsers, in a
 * cookie. The first half of the secret stays the same for the whole session: so an earlier token is told from a guess.
 * Only digests are stored.
 */

const kinds = { 'command-line': 'dcr', browser: 'dcb' } as const;
type Kind = keyof typeof kinds;

const form = /^(dcr|dcb)_([0-9a-f]{16})_([0-9a-f]{64})([0-9a-f]{64})_([0-9a-f]{8})$/;
const idBytes = 8;
const secretBytes = 32;

export interface SessionToken {
  /** Of the session. */
  id: string;
  /** SHA-256 of the part that stays, in hexadecimal digits. */
  family: string;
  /** SHA-256 of the whole token. */
  digest: string;
}

/** The first token of a new session; its text is shown once, and stored nowhere. */
export function newSessionToken(kind: Kind): SessionToken & { text: string } {
  return tokenOf(kind, randomBytes(idBytes).toString('hex'), randomBytes(secretBytes).toString('hex'));
}

/** The next token of the session that a token belongs to. */
export function nextSessionToken(text: string): SessionToken & { text: string } {
  const [, , id, stays] = form.exec(text) ?? [];
  if (id === undefined || stays === undefined) throw new Error('this is no token of a session');
  return tokenOf('command-line', id, stays);
}

/** The digests of a token; undefined if the text is not one of this kind. */
export function parseSessionToken(kind: Kind, text: string): SessionToken | undefined {
  const [, prefix, id, stays, , check] = form.exec(text) ?? [];
  if (id === undefined || stays === undefined || prefix !== kinds[kind]) return undefined;
  if (check !== checkOf(text.slice(0, -check!.length - 1))) return undefined;
  return digestsOf(id, stays, text);
}

function tokenOf(kind: Kind, id: string, stays: string): SessionToken & { text: string } {
  const body = `${kinds[kind]}_${id}_${stays}${randomBytes(secretBytes).toString('hex')}`;
  const text = `${body}_${checkOf(body)}`;
  return { text, ...digestsOf(id, stays, text) };
}

function digestsOf(id: string, stays: string, text: string): SessionToken {
  return { id, family: sha256(`${id} ${stays}`), digest: sha256(text) };
}
