import { keyIdOf } from '../../guard/sealing';
import type { Stack } from '../../model/stack';
import { ciphertextsOf, sourcesOf, storedNamesOf } from '../../model/stack/secret-sources';
import type { ReleaseContents } from '../../workflows/messages';

/** What one key of the engine is needed for. */
export interface KeyUses {
  /** Id of the key. */
  key: string;
  /** Names of stored secrets. */
  secrets: string[];
  /** Numbers of kept releases. */
  releases: number[];
  /** Registries where the installation is logged in. */
  registries: string[];
}

/** The services of a stack that use a stored secret, and `the stack` if something else does. */
export function usersOf(stack: Stack, name: string): string[] {
  const services = Object.values(stack.services);
  const users = services.filter(({ secrets }) => secrets.some(({ source }) => storedNamesOf(source).includes(name)));
  if (users.length > 0) return users.map((service) => service.name);
  return sourcesOf(stack).some((source) => storedNamesOf(source).includes(name)) ? ['the stack'] : [];
}

/** The keys that are in use, and what for. */
export function usesOfKeys(
  stored: Record<string, string>,
  releases: readonly ReleaseContents[],
  logins: readonly { registry: string; key: string }[],
): KeyUses[] {
  const uses = new Map<string, KeyUses>();
  const of = (key: string): KeyUses => {
    const known = uses.get(key) ?? { key, secrets: [], releases: [], registries: [] };
    uses.set(key, known);
    return known;
  };
  for (const name of Object.keys(stored).sort()) of(keyIdOf(stored[name]!)).secrets.push(name);
  for (const { release, stack } of releases)
    for (const key of new Set(sourcesOf(stack).flatMap(ciphertextsOf).map(keyIdOf))) of(key).releases.push(release);
  for (const { registry, key } of logins) of(key).registries.push(registry);
  return [...uses.values()];
}
