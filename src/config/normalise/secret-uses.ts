import type { SecretSource } from '../../model/instance';
import type { NamedSecret } from '../../model/notification';
import { Malformed } from './words';

/** A secret that the worker itself uses. @throws Malformed if it is not declared */
export function toSecret(name: string, secrets: Record<string, SecretSource>): NamedSecret {
  const source = secrets[name];
  if (!source) throw new Malformed(`the secret "${name}" is not declared; add it under the top-level secrets`);
  return { name, source };
}
