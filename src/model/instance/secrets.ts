/**
 * Where a secret's value lives on the worker. The value itself never travels, except sealed: as ciphertext that only
 * the engine can open.
 */
export type SecretSource =
  { file: string } | { environment: string } | { vault: VaultAddress } | SealedText | StoredValue;

/** A value that the client has sealed. `parts`: ciphertexts of stored secrets that its text refers to, by name. */
export interface SealedText {
  sealed: string;
  parts?: Record<string, string>;
}

/** A secret that is stored for the environment, as it was when the stack was sent. */
export interface StoredValue {
  stored: string;
  /** Empty until the stack is sent. */
  sealed: string;
}

/** The name that a stored secret is sealed for. No other secret has such a name. */
export function storedName(name: string): string {
  return `stored/${name}`;
}

/** The public half of an engine's key: clients seal values with it that only the engine can open. */
export interface SealingKey {
  id: string;
  /** X25519, raw, in base64url. */
  publicKey: string;
}

/** Values of secrets that the caller has, texts or bytes, by their name. */
export type GivenSecrets = Record<string, string | Uint8Array>;

/**
 * Values to seal, by the name of their secret. A text and a variable may have marked parts, which are masked by
 * themselves, and refer to stored secrets.
 */
export type SealingValues = Record<string, string | Uint8Array | VariableValues>;

/** Environment variables by name. */
export type VariableValues = Record<string, string>;

/** A key of a secret in HashiCorp Vault's KV engine, version 2. */
export interface VaultAddress {
  mount: string;
  path: string;
  key: string;
}

/**
 * How an instance receives a secret: as a file, as an environment variable, as all variables of its env files, or in
 * its texts (command, labels, health check, hooks) that refer to it as {@link sealedReference}.
 */
export interface SecretMount {
  name: string;
  source: SecretSource;
  target: FileTarget | { environment: string } | { variables: true } | { texts: true };
}

/** Stands in a text for the value of a secret. */
export function sealedReference(name: string): string {
  return `\${sealed:${name}}`;
}

/** The text with the values of the secrets that it refers to, by name. */
export function withValues(text: string, values: Record<string, string>): string {
  return Object.entries(values).reduce(
    (all, [name, value]) => all.replaceAll(sealedReference(name), () => value),
    text,
  );
}

/** The secrets that texts refer to. */
export function referredIn(texts: readonly string[], secrets: readonly SecretMount[]): SecretMount[] {
  return secrets.filter(
    ({ name, target }) => 'texts' in target && texts.some((text) => text.includes(sealedReference(name))),
  );
}

/** Location of a file in an instance. Default owner: root; for processes, the worker's user. */
export interface FileTarget {
  path: string;
  mode: number;
  uid?: number;
  gid?: number;
}

/** A file whose content is part of the release. */
export interface ConfigFile extends FileTarget {
  content: string;
}

/** A config file by name; the receiver looks the content up. */
export interface ConfigReference extends FileTarget {
  config: string;
}

/** A secret as a file, byte for byte. */
export interface SecretFile extends FileTarget {
  content: Uint8Array;
}
