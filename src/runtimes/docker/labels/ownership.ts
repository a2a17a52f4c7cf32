import { isSameScope } from '../../scope';
import type { Scope } from '../../runtime';
import { hashOf, nameLabel, scopeOfLabels } from '.';

/** The name of a container without the slash that listings and `inspect` put before it. */
export function bareName(name: string): string {
  return name.replace(/^\//, '');
}

/** Temporary name of a container that replaces another one, until that is removed. */
export function replacementName(name: string): string {
  return `${name}-anew`;
}

/**
 * True if a container is an instance of an environment. An image can contain any label but no container name, so the
 * name has to match its label. Containers from before that label existed have the project's name, and the hash of every
 * instance.
 */
export function isOwn(scope: Scope, labels: Record<string, string> | undefined, containerName: string): boolean {
  const owner = scopeOfLabels(labels);
  if (!owner || !isSameScope(scope, owner)) return false;
  const name = bareName(containerName);
  const given = nameLabel(labels);
  if (given !== undefined) return name === given || name === replacementName(given);
  return hashOf(labels) !== '' && name.startsWith(`${owner.stack}-${owner.environment}-`);
}

/** The environment of which a container is an instance; undefined if of none. */
export function ownerOfContainer(labels: Record<string, string> | undefined, containerName: string): Scope | undefined {
  const owner = scopeOfLabels(labels);
  return owner && isOwn(owner, labels, containerName) ? owner : undefined;
}
