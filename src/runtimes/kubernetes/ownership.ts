import { isWorkload, type Manifest } from '../../kubernetes';
import { domain, scopeLabels } from '../../kubernetes/names';
import type { InstanceSpec } from '../../model/instance';
import { RuntimeError, type Scope } from '../runtime';
import { scopeName } from '../scope';
import type { KubernetesApi } from './api';
import type { Entry } from './ledger/entry';
import { pathOf } from './api/paths';

/** True if there is an entry, and it belongs to the environment. */
export function isOf<E extends Entry>(entry: E | undefined, scope: Pick<Scope, 'stack' | 'environment'>): entry is E {
  return hasScope(entry?.current.manifests.find(isWorkload)?.metadata.labels, scope);
}

/** True if labels of an object are those of an environment. */
export function hasScope(
  labels: Record<string, string> | undefined,
  scope: Pick<Scope, 'stack' | 'environment'>,
): boolean {
  return labels !== undefined && hasLabels(labels, scopeLabels(scope));
}

/**
 * Two stacks can share a namespace, but no names in it.
 * @throws RuntimeError if the entry belongs to another stack
 */
export function refuseOther(entry: Entry | undefined, { name, stack, environment }: InstanceSpec): void {
  if (entry && !isOf(entry, { stack, environment }))
    throw new RuntimeError(
      'software',
      `the name ${name} is taken by another stack of its namespace; give the ` +
        'service another name, or the stack another namespace',
    );
}

/**
 * Refuses manifests whose names belong to others, or to another service, even if the service had the name before.
 * Resolves with whether any of them exists.
 * @throws RuntimeError that names the objects
 */
export async function refuseForeign(api: KubernetesApi, manifests: readonly Manifest[]): Promise<boolean> {
  const lookups = manifests.map(async (manifest) => ({ manifest, live: await api.find<Manifest>(pathOf(manifest)) }));
  const found = await Promise.all(lookups);
  const foreign = found.filter(({ manifest, live }) => live && !isOfSameService(live, manifest));
  if (foreign.length === 0) return found.some(({ live }) => live);
  throw notOfThisService(
    foreign.map(({ manifest: { kind, metadata } }) => `the ${kind} ${metadata.namespace}/${metadata.name}`),
  );
}

export function notOfThisService(names: readonly string[]): RuntimeError {
  const several = names.length > 1;
  return new RuntimeError(
    'software',
    `${names.join(' and ')} ${several ? 'exist and are' : 'exists and is'} not of this ` +
      `service; remove ${several ? 'them' : 'it'}, or choose another name`,
  );
}

/**
 * Refuses to change or delete objects without the labels of the environment: an entry can be forged, and an object can
 * have been replaced since.
 * @throws RuntimeError that names the objects
 */
export async function refuseStrangers(api: KubernetesApi, paths: readonly string[], scope: Scope): Promise<void> {
  const found = await Promise.all(paths.map(async (path) => ({ path, live: await api.find<Manifest>(path) })));
  const foreign = found.filter(({ live }) => live && !hasScope(live.metadata.labels, scope)).map(({ path }) => path);
  if (foreign.length > 0) throw strangersError(foreign, scope);
}

function strangersError(paths: readonly string[], scope: Scope): RuntimeError {
  const names = `${paths.join(' and ')} ${paths.length > 1 ? 'are' : 'is'}`;
  return new RuntimeError('software', `${names} not of ${scopeName(scope)}; nothing was changed`);
}

/** The labels of an object that identify its environment. */
export function scopeIn(labels: Record<string, string> = {}): Record<string, string> {
  const wanted = scopeLabels({ stack: '', environment: '' });
  return Object.fromEntries(Object.entries(labels).filter(([label]) => label in wanted));
}

/** The uid of an object; undefined if it does not exist. @throws RuntimeError if it belongs to another environment */
export async function ownedUid(api: KubernetesApi, path: string, scope: Scope): Promise<string | undefined> {
  const live = await api.find<{ metadata: { uid?: string; labels?: Record<string, string> } }>(path);
  if (live && !hasScope(live.metadata.labels, scope)) throw strangersError([path], scope);
  return live?.metadata.uid;
}

function isOfSameService(live: Manifest, manifest: Manifest): boolean {
  const own = Object.entries(manifest.metadata.labels).filter(
    ([label]) =>
      ['app.kubernetes.io/managed-by', 'app.kubernetes.io/name'].includes(label) || label.startsWith(`${domain}/`),
  );
  return hasLabels(live.metadata.labels ?? {}, Object.fromEntries(own));
}

export function hasLabels(labels: Record<string, string>, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([label, value]) => labels[label] === value);
}
