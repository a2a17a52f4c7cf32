import { isWorkload, type Manifest } from '../../kubernetes';
import { domain, scopeLabels } from '../../kubernetes/names';
import type { InstanceSpec } from '../../model/instance';
import { RuntimeError, type Scope } from '../runtime';
import { scopeName } from '../scope';
import type { KubernetesApi } from './api';
import type { Entry } from './ledger';
import { pathOf } from './paths';

/** Whether there is a note, and it is this environment's. */
export function isOf<E extends Entry>(entry: E | undefined, scope: Pick<Scope, 'stack' | 'environment'>): entry is E {
  return hasScope(entry?.current.manifests.find(isWorkload)?.metadata.labels, scope);
}

/** Whether labels of an object are those of an environment. */
export function hasScope(labels: Record<string, string> | undefined, scope: Pick<Scope, 'stack' | 'environment'>): boolean {
  return labels !== undefined && hasLabels(labels, scopeLabels(scope));
}

/** Two stacks may share a namespace, and no name in it. @throws RuntimeError where what was noted under a name is another stack's */
export function refuseOther(entry: Entry | undefined, { name, stack, environment }: InstanceSpec): void {
  if (entry && !isOf(entry, { stack, environment })) throw new RuntimeError('software', `the name ${name} is taken by another stack of its namespace; give the service another name, or the stack another namespace`);
}

/**
 * What somebody else, or another service, has under these names is never taken over. Resolves with whether any of what is not known of is there.
 * @throws RuntimeError that names it
 */
export async function refuseForeign(api: KubernetesApi, manifests: readonly Manifest[], known?: Entry): Promise<boolean> {
  const own = new Set([...(known?.current.manifests ?? []), ...(known?.before?.manifests ?? [])].map(pathOf));
  const added = manifests.filter((manifest) => !own.has(pathOf(manifest)));
  const found = await Promise.all(added.map(async (manifest) => ({ manifest, live: await api.find<Manifest>(pathOf(manifest)) })));
  const foreign = found.filter(({ manifest, live }) => live && !isOfSameService(live, manifest));
  if (foreign.length === 0) return found.some(({ live }) => live);
  const [several, names] = [foreign.length > 1, foreign.map(({ manifest: { kind, metadata } }) => `the ${kind} ${metadata.namespace}/${metadata.name}`)];
  throw new RuntimeError('software', `${names.join(' and ')} ${several ? 'exist and are' : 'exists and is'} not of this service; remove ${several ? 'them' : 'it'}, or choose another name`);
}

/**
 * What is to be deleted by a note has the labels of the environment, or is gone already: a note can be anybody's work.
 * @throws RuntimeError that names what does not
 */
export async function refuseStrangers(api: KubernetesApi, paths: readonly string[], scope: Scope): Promise<void> {
  const found = await Promise.all(paths.map(async (path) => ({ path, live: await api.find<Manifest>(path) })));
  const foreign = found.filter(({ live }) => live && !hasScope(live.metadata.labels, scope)).map(({ path }) => path);
  if (foreign.length === 0) return;
  const names = `${foreign.join(' and ')} ${foreign.length > 1 ? 'are' : 'is'}`;
  throw new RuntimeError('software', `${names} not of ${scopeName(scope)}: left alone`);
}

function isOfSameService(live: Manifest, manifest: Manifest): boolean {
  const own = Object.entries(manifest.metadata.labels).filter(([label]) => ['app.kubernetes.io/managed-by', 'app.kubernetes.io/name'].includes(label) || label.startsWith(`${domain}/`));
  return hasLabels(live.metadata.labels ?? {}, Object.fromEntries(own));
}

export function hasLabels(labels: Record<string, string>, wanted: Record<string, string>): boolean {
  return Object.entries(wanted).every(([label, value]) => labels[label] === value);
}
