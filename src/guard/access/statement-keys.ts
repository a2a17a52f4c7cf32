import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { keyIdOf, statementSigner, type StatementKeys, type StatementSigner } from './statement';

/** The keys of statements: private ones of servers, and the public ones that workers know them by. */

/** A key that cannot be used, with what to do. */
export class StatementKeyProblem extends Error {
  override readonly name = 'StatementKeyProblem';
}

const largest = 64 * 1024;
const mostKeys = 100;
/** Before the 32 bytes of a private Ed25519 key in PKCS #8. */
const privatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex');

/**
 * Creates a private key in a file that does not exist yet, and its public key in `FILE.pub`.
 * @throws StatementKeyProblem if one of them exists, or cannot be written
 */
export function createStatementKey(file: string): { id: string; publicFile: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const publicFile = `${file}.pub`;
  try {
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600, flag: 'wx' });
    writeFileSync(publicFile, publicKey.export({ type: 'spki', format: 'pem' }), { mode: 0o644, flag: 'wx' });
  } catch (error) {
    const { code, path = file } = error as NodeJS.ErrnoException;
    throw new StatementKeyProblem(
      code === 'EEXIST'
        ? `${path} exists already, and was not replaced; name another file`
        : `${path} cannot be written (${code})`,
    );
  }
  return { id: keyIdOf(privateKey), publicFile };
}

/** @throws StatementKeyProblem if the file is no private key, or others can read it */
export function readStatementSigner(file: string): StatementSigner {
  const pem = readKeyFile(file, 0o027);
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return statementSigner(key);
  } catch {
    // It is no private key at all.
  }
  throw new StatementKeyProblem(
    `${file} is not a private key of statements; make one with \`deploy-code server key FILE\``,
  );
}

/**
 * The public keys in a file, one PEM after the other: several while they are exchanged.
 * @throws StatementKeyProblem if the file has no keys, or others can change it
 */
export function readStatementKeys(file: string): StatementKeys {
  const text = readKeyFile(file, 0o022);
  if (/PRIVATE KEY/.test(text))
    throw new StatementKeyProblem(
      `${file} holds a private key; give workers only the public one, which is in the file with .pub`,
    );
  const blocks = text.match(/-----BEGIN PUBLIC KEY-----[^-]+-----END PUBLIC KEY-----/g) ?? [];
  if (blocks.length === 0 || blocks.length > mostKeys)
    throw new StatementKeyProblem(`${file} has to hold 1 to ${mostKeys} public keys in PEM; it has ${blocks.length}`);
  return new Map(blocks.map((pem, index) => withId(publicKeyIn(pem, `public key ${index + 1} in ${file}`))));
}

function publicKeyIn(pem: string, what: string): KeyObject {
  try {
    const key = createPublicKey(pem);
    if (key.asymmetricKeyType === 'ed25519') return key;
  } catch {
    // It is no public key at all.
  }
  throw new StatementKeyProblem(`${what} is not an Ed25519 key; make keys with \`deploy-code server key FILE\``);
}

/** `forbidden`: the permissions that nobody else may have. */
function readKeyFile(file: string, forbidden: number): string {
  try {
    const { size, mode } = statSync(file);
    if (size > largest) throw new StatementKeyProblem(`${file} is larger than a file of keys; check the path`);
    if (mode & forbidden)
      throw new StatementKeyProblem(
        `${file} is accessible to others (mode ${(mode & 0o777).toString(8).padStart(4, '0')}); run chmod 600 on it, ` +
          'and exchange the key if others may have had it',
      );
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof StatementKeyProblem) throw error;
    throw new StatementKeyProblem(`${file} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

/**
 * The key with which workers sign the requests of the engine itself (the watch, schedules of stack files). It follows
 * from the key of the installation, so that all workers of a fleet have the same one.
 */
export function engineSigner(installationKey: Buffer): StatementSigner {
  return statementSigner(engineKey(installationKey));
}

/** The public keys of the workers themselves: of the current key of the installation, and of former ones. */
export function engineKeys(installationKeys: readonly Buffer[]): StatementKeys {
  return new Map(installationKeys.map((key) => withId(createPublicKey(engineKey(key)))));
}

function engineKey(installationKey: Buffer): KeyObject {
  const input = createHash('sha256').update(installationKey).digest();
  const seed = Buffer.from(hkdfSync('sha256', input, Buffer.alloc(0), 'deploy-code statements of the engine', 32));
  return createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' });
}

function withId(key: KeyObject): [string, KeyObject] {
  return [keyIdOf(key), key];
}
