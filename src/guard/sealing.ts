import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';

/**
 * Sealed values: X25519 with an ephemeral key, HKDF-SHA-256 and AES-256-GCM, as in ECIES. Anybody can seal for an
 * engine with its public key; only the engine can open, and only for what it was sealed for.
 */

const version = 'v1';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
/** What Node needs in front of raw keys: PKCS #8 and SPKI of X25519 (RFC 8410). */
const privatePrefix = Buffer.from('302e020100300506032b656e04220420', 'hex');
const publicPrefix = Buffer.from('302a300506032b656e032100', 'hex');
/** Largest value, in bytes. */
const largest = 256 * 1024;

/** What a value is sealed for: a name in an environment, or the login at a registry of the whole installation. */
export type SealedFor = { stack: string; environment: string; name: string } | { registry: string };

/** A value that this engine cannot open. The message does not show it. */
export class SealProblem extends Error {}

/** The public key that belongs to an installation key, raw in base64url, and a short id of it. */
export function sealingKeyOf(installationKey: Buffer): { id: string; publicKey: string } {
  const publicKey = rawPublic(createPublicKey(privateKeyOf(installationKey)));
  return { id: idOf(publicKey), publicKey: publicKey.toString('base64url') };
}

/** First byte of what is sealed. */
const kinds = { bytes: 0, text: 1, variables: 2 } as const;

/** Bytes to seal as they are, such as those of a file. */
export function sealableBytes(value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([kinds.bytes]), value]);
}

/** A text to seal, in which the values that are secret are marked. */
export function sealableText(text: string): Buffer {
  return Buffer.concat([Buffer.from([kinds.text]), Buffer.from(text)]);
}

/** Environment variables to seal. */
export function sealableVariables(values: Record<string, string>): Buffer {
  return Buffer.concat([Buffer.from([kinds.variables]), Buffer.from(JSON.stringify(values))]);
}

/** What was sealed. */
export type Opened =
  { kind: 'bytes'; value: Buffer } | { kind: 'text'; value: string } | { kind: 'variables'; value: Buffer };

/** Tells what was sealed from the first byte. */
export function openedOf(opened: Buffer): Opened {
  const value = opened.subarray(1);
  if (opened[0] === kinds.text) return { kind: 'text', value: value.toString('utf8') };
  return { kind: opened[0] === kinds.variables ? 'variables' : 'bytes', value };
}

/** Seals a value of at most 256 KiB. @throws SealProblem if the key is not one, or the value is too large */
export function seal(value: Buffer, { publicKey }: { publicKey: string }, purpose: SealedFor): string {
  if (value.length > largest) throw new SealProblem(`${nameOf(purpose)} is larger than ${largest / 1024} KiB`);
  const recipient = Buffer.from(publicKey, 'base64url');
  const ephemeral = generateKeyPairSync('x25519');
  const sender = rawPublic(ephemeral.publicKey);
  const nonce = randomBytes(nonceBytes);
  const secret = agreed(ephemeral.privateKey, toPublicKey(recipient), sender, recipient);
  const cipher = createCipheriv('aes-256-gcm', secret, nonce).setAAD(bindingOf(purpose));
  const text = Buffer.concat([cipher.update(value), cipher.final(), cipher.getAuthTag()]);
  return [version, idOf(recipient), ...[sender, nonce, text].map((part) => part.toString('base64url'))].join('.');
}

/** The id of the key that a value is sealed with. */
export function keyIdOf(sealed: string): string {
  return sealed.split('.')[1] ?? '';
}

/**
 * Opens a value with the key that it was sealed with, the current one or a former one.
 * @throws SealProblem if it was sealed for another engine or purpose, or is damaged
 */
export function unseal(sealed: string, installationKeys: readonly Buffer[], purpose: SealedFor): Buffer {
  const [kind, id, ...parts] = sealed.split('.');
  const [sender, nonce, text] = parts.map((part) => Buffer.from(part, 'base64url'));
  if (kind !== version || parts.length !== 3 || sender!.length !== keyBytes || nonce!.length !== nonceBytes)
    throw new SealProblem('is not a sealed value');
  const own = installationKeys.map((key) => ({ key, ...sealingKeyOf(key) }));
  const used = own.find((key) => key.id === id);
  if (!used)
    throw new SealProblem(
      `is sealed for the key ${shown(id)}, and this engine has ${own.map((key) => key.id).join(', ')}; ` +
        'give the worker that key with DEPLOY_CODE_FORMER_KEY_FILES, or set the value and deploy again',
    );
  const recipient = Buffer.from(used.publicKey, 'base64url');
  const secret = agreed(privateKeyOf(used.key), toPublicKey(sender!), sender!, recipient);
  try {
    const decipher = createDecipheriv('aes-256-gcm', secret, nonce!, { authTagLength: tagBytes })
      .setAAD(bindingOf(purpose))
      .setAuthTag(text!.subarray(-tagBytes));
    return Buffer.concat([decipher.update(text!.subarray(0, -tagBytes)), decipher.final()]);
  } catch (error) {
    const other = 'registry' in purpose ? 'registry' : 'stack, environment or name';
    throw new SealProblem(`is damaged, or sealed for another ${other}`, { cause: error });
  }
}

function nameOf(purpose: SealedFor): string {
  return 'registry' in purpose ? `the login at ${purpose.registry}` : purpose.name;
}

/** Distinct inputs have distinct bindings, which differ in length between the kinds. */
function bindingOf(purpose: SealedFor): Buffer {
  const parts =
    'registry' in purpose ? ['registry', purpose.registry] : [purpose.stack, purpose.environment, purpose.name];
  return Buffer.from(JSON.stringify([version, ...parts]));
}

function privateKeyOf(installationKey: Buffer): KeyObject {
  const seed = Buffer.from(hkdfSync('sha256', installationKey, '', 'deploy-code sealing key v1', keyBytes));
  return createPrivateKey({ key: Buffer.concat([privatePrefix, seed]), format: 'der', type: 'pkcs8' });
}

function toPublicKey(raw: Buffer): KeyObject {
  if (raw.length !== keyBytes) throw new SealProblem('the public key of the engine is not one');
  return createPublicKey({ key: Buffer.concat([publicPrefix, raw]), format: 'der', type: 'spki' });
}

function rawPublic(key: KeyObject): Buffer {
  return key.export({ format: 'der', type: 'spki' }).subarray(publicPrefix.length);
}

function idOf(publicKey: Buffer): string {
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 16);
}

/** @throws SealProblem for a public key of low order, with which anybody could open the value */
function agreed(own: KeyObject, other: KeyObject, sender: Buffer, recipient: Buffer): Buffer {
  let shared: Buffer;
  try {
    shared = diffieHellman({ privateKey: own, publicKey: other });
  } catch (error) {
    throw new SealProblem('the key of the sealed value is not one', { cause: error });
  }
  if (shared.every((byte) => byte === 0)) throw new SealProblem('the key of the sealed value is not one');
  const salt = Buffer.concat([sender, recipient]);
  return Buffer.from(hkdfSync('sha256', shared, salt, 'deploy-code sealed value v1', keyBytes));
}

function shown(id: string | undefined): string {
  return /^[0-9a-f]{16}$/.test(id ?? '') ? id! : 'of somebody else';
}
