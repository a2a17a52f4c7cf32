import { createHash, createPublicKey, randomUUID, sign, verify, type KeyObject } from 'node:crypto';

/**
 * Statements: what a server says about a request that it has let in. Whoever holds only a statement cannot use it for
 * anything but that request, and not for long.
 */

/** What a statement says. Times are in ms since the epoch. */
export interface Claims {
  /** Id of the key that it is signed with. */
  key: string;
  id: string;
  /** Who made the request, such as `user:alice`. */
  subject: string;
  /** The role that the subject has in the environment. */
  role?: string;
  /** The groups of the subject. */
  groups?: string[];
  action: string;
  stack: string;
  environment: string;
  /** SHA-256 of the request, in hexadecimal digits. */
  request: string;
  issued: number;
  /** The engine has to take the request over until then; it may wait for its turn longer. */
  expires: number;
}

/** What the signer does not fill in itself. */
export type Stated = Omit<Claims, 'key' | 'id' | 'issued' | 'expires'>;

export interface StatementSigner {
  /** Id of its key. */
  readonly key: string;
  sign(stated: Stated): string;
}

/** Public keys by their ids. */
export type StatementKeys = ReadonlyMap<string, KeyObject>;

/** The time within which the engine has to take a request over, in ms. */
const validMs = 60_000;
/** How far the clocks of servers and workers may be apart, in ms. */
const skewMs = 10_000;
const longest = 4096;
const form = /^[A-Za-z0-9_-]{1,3900}\.[A-Za-z0-9_-]{86}$/;
/** Signed before the claims, so that a signature for something else is never one of a statement. */
const domain = 'deploy-code statement v1\n';

/** The id of a key: the first 16 digits of the SHA-256 of its public part. */
export function keyIdOf(key: KeyObject): string {
  const part = key.type === 'private' ? createPublicKey(key) : key;
  const der = part.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(der).digest('hex').slice(0, 16);
}

/** Signs statements with a private key (Ed25519). */
export function statementSigner(privateKey: KeyObject, now: () => number = Date.now): StatementSigner {
  const key = keyIdOf(privateKey);
  return {
    key,
    sign(stated) {
      const issued = now();
      const claims: Claims = { key, id: randomUUID(), ...stated, issued, expires: issued + validMs };
      const payload = Buffer.from(JSON.stringify(claims)).toString('base64url');
      return `${payload}.${sign(null, Buffer.from(domain + payload), privateKey).toString('base64url')}`;
    },
  };
}

/** The claims of a statement whose signature is right, else why it is not. Says nothing about the request. */
export function openStatement(text: string, keys: StatementKeys): Claims | string {
  if (text.length > longest || !form.test(text)) return 'the statement of the server is malformed';
  const [payload = '', signature = ''] = text.split('.');
  const claims = claimsOf(payload);
  if (!claims) return 'the statement of the server is malformed';
  const key = keys.get(claims.key);
  if (!key)
    return (
      `the statement is signed with the key ${claims.key}, which this worker does not know; ` +
      'add the public key of that server to the file of --statement-keys'
    );
  const isSigned = verify(null, Buffer.from(domain + payload), key, Buffer.from(signature, 'base64url'));
  return isSigned ? claims : 'the signature of the statement is wrong';
}

/** What a statement has to say. `at`: when the request reached the engine, in ms since the epoch. */
export type Expected = Pick<Claims, 'action' | 'stack' | 'environment' | 'request'> & { at: number };

/** Why a statement does not permit a request; undefined if it does. */
export function mismatchOf(claims: Claims, { at, ...expected }: Expected): string | undefined {
  if (claims.stack !== expected.stack || claims.environment !== expected.environment)
    return 'the statement of the server is for another environment';
  if (claims.action !== expected.action) return `the statement of the server is for another action (${claims.action})`;
  if (claims.request !== expected.request) return 'the statement of the server is for another request';
  if (claims.expires - claims.issued > validMs) return 'the statement of the server is valid for too long';
  if (claims.issued > at + skewMs)
    return 'the statement of the server is from the future; compare the clocks of the server and of Temporal';
  if (at > claims.expires + skewMs) return 'the statement of the server has expired; make the request again';
  return undefined;
}

const texts = ['key', 'id', 'subject', 'action', 'stack', 'environment', 'request'] as const;

function claimsOf(payload: string): Claims | undefined {
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const { role, groups = [], issued, expires } = value;
  const isComplete =
    texts.every((name) => typeof value[name] === 'string') &&
    (role === undefined || typeof role === 'string') &&
    Array.isArray(groups) &&
    groups.every((group) => typeof group === 'string') &&
    Number.isFinite(issued) &&
    Number.isFinite(expires);
  return isComplete ? (value as unknown as Claims) : undefined;
}
