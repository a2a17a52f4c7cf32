import { isSameScope } from '../../scope';
import type { Scope } from '../../runtime';
import { hashOf, nameLabel, scopeOfLabels } from '.';

/** Docker's own suffix-free name of a container: listings and `inspect` begin it with a slash. */
export function bareName(name: string): string {
  return name.replace(/^\//, '');
}

/** A container that is being made anew in the place of another one bears this name until the other is gone. */
export function replacementName(name: string): string {
  return `${name}-anew`;
}

/**
 * Whether a container is an instance of an environment. An image can bring any label along, a name it cannot: so the
 * container has to bear the name that its labels give it. Those made before that label existed bear the project's name,
 * and the hash that every instance has.
 */
export function isOwn(scope: Scope, labels: Record<string, string> | undefined, containerName: string): boolean {
  const owner = scopeOfLabels(labels);
  if (!owner || !isSameScope(scope, owner)) return false;
  const name = bareName(containerName);
  const given = nameLabel(labels);
  if (given !== undefined) return name === given || name === replacementName(given);
  return hashOf(labels) !== '' && name.startsWith(`${owner.stack}-${owner.environment}-`);
}

/** The environment that a container is an instance of; undefined where it is nobody's. */
export function ownerOfContainer(labels: Record<string, string> | undefined, containerName: string): Scope | undefined {
  const owner = scopeOfLabels(labels);
  return owner && isOwn(owner, labels, containerName) ? owner : undefined;
}
