import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

const keyBytes = 32;
const form = /^([A-Za-z0-9_.-]{1,40}):([A-Za-z0-9+/]{43}=)$/;

/** Keys for payloads. The first encrypts new payloads; the others only decrypt old ones. */
export interface KeyRing {
  current: { id: string; secret: Buffer };
  all: ReadonlyMap<string, Buffer>;
}

/** Unusable keys; the message never contains a key. */
export class KeyProblem extends Error {}

/**
 * The keys of `DEPLOY_CODE_ENCRYPTION_KEY_FILE`, else of `DEPLOY_CODE_ENCRYPTION_KEY`; undefined if neither is set.
 * @throws KeyProblem
 */
export function keysOf({
  DEPLOY_CODE_ENCRYPTION_KEY_FILE: file,
  DEPLOY_CODE_ENCRYPTION_KEY: text,
}: NodeJS.ProcessEnv): KeyRing | undefined {
  if (file) return parseKeys(readKeys(file), file);
  return text ? parseKeys(text, 'DEPLOY_CODE_ENCRYPTION_KEY') : undefined;
}

/** Parses one key per line, `<id>:<32 bytes in base64>`; the first encrypts. Lines that begin with # are comments. */
export function parseKeys(text: string, where: string): KeyRing {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const keys = lines.map((line, index) => {
    const [, id, secret] = form.exec(line) ?? [];
    if (!id || !secret)
      throw new KeyProblem(
        `${where}: key ${index + 1} must be <id>:<32 bytes in base64>; \`deploy-code codec key\` creates one`,
      );
    return { id, secret: Buffer.from(secret, 'base64') };
  });
  const [current] = keys;
  if (!current) throw new KeyProblem(`${where} has no key; \`deploy-code codec key\` creates one`);
  const duplicate = keys.find(({ id }, index) => keys.findIndex((other) => other.id === id) !== index);
  if (duplicate) throw new KeyProblem(`${where} has two keys with the id ${duplicate.id}; give each its own id`);
  return { current, all: new Map(keys.map(({ id, secret }) => [id, secret])) };
}

/** A new key, as a line of a key file. */
export function newKey(id: string): string {
  return `${id}:${randomBytes(keyBytes).toString('base64')}`;
}

function readKeys(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new KeyProblem(
      `DEPLOY_CODE_ENCRYPTION_KEY_FILE names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code})`,
    );
  }
}
