import { resolve } from 'node:path';
import type { SecretSource, VaultAddress } from '../../model/instance';
import { isName } from '../../model/names';
import type { NamedSecret } from '../../model/notification';
import type { StackFile } from '../schema/stack-file';
import { Malformed } from './words';

/** A secret that the worker itself uses. @throws Malformed if it is not declared */
export function toSecret(name: string, secrets: Record<string, SecretSource>): NamedSecret {
  const source = secrets[name];
  if (!source) throw new Malformed(`the secret "${name}" is not declared; add it under the top-level secrets`);
  return { name, source };
}

/** Where a secret is. @throws Malformed unless the file says that in one way */
export function toSecretSource(
  name: string,
  { file, environment, vault, stored, read_by: reader }: NonNullable<StackFile['secrets']>[string],
  baseDir: string,
): SecretSource {
  if ([file, environment, vault, stored].filter((source) => source !== undefined).length !== 1)
    throw new Malformed('needs exactly one of file, environment, vault and stored');
  if (reader === 'client' && environment === undefined)
    throw new Malformed('read_by: client is for secrets with environment; remove it');
  if (stored !== undefined) return { stored: requireStored(stored === true ? name : stored), sealed: '' };
  if (file !== undefined) return { file: resolve(baseDir, file) };
  return vault === undefined ? { environment: environment! } : { vault: toVaultAddress(vault) };
}

function requireStored(name: string): string {
  if (isName('stored', name)) return name;
  throw new Malformed(`${JSON.stringify(name)} cannot be the name of a stored secret; name one: stored: NAME`);
}

function toVaultAddress(vault: NonNullable<NonNullable<StackFile['secrets']>[string]['vault']>): VaultAddress {
  if (typeof vault !== 'string') return { mount: 'secret', ...vault };
  const [path, key] = vault.split('#');
  return { mount: 'secret', path: path!, key: key! };
}
