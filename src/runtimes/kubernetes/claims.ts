import type { VolumeSpec } from '../../model/resources';
import type { V1PersistentVolumeClaim, V1Pod } from '@kubernetes/client-node';
import { isWorkload, type Manifest, type WorkloadManifest } from '../../kubernetes';
import { toClaim } from '../../kubernetes/claim';
import { domain, qualified, scopeLabels } from '../../kubernetes/names';
import type { ObservedVolume } from '../../model/observation';
import { textsIn } from '../instance-shapes';
import { RuntimeError, type Scope } from '../runtime';
import { missing, scopeName } from '../scope';
import type { KubernetesApi } from './api';
import { ApiError } from './api/errors';
import { ensureNamespace } from './namespaces';
import { podsIn } from './api/paths';

const claimsIn = (namespace: string): string => `/api/v1/namespaces/${namespace}/persistentvolumeclaims`;

/** Creates a volume as a claim. A claim of another owner with the same name is refused. */
export async function createVolume(api: KubernetesApi, scope: Scope, request: VolumeSpec): Promise<void> {
  const { namespace, name: own } = qualified(request.name);
  await ensureNamespace(api, namespace, scope);
  const found = await api.find<V1PersistentVolumeClaim>(`${claimsIn(namespace)}/${own}`);
  if (found) return mustBeOurs(found, scope, request.name);
  const claim = toClaim({ ...request, stack: scope.stack, environment: scope.environment });
  await api.post(claimsIn(namespace), claim).catch(async (error: unknown) => {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
    mustBeOurs(await api.get(`${claimsIn(namespace)}/${own}`), scope, request.name);
  });
}

/**
 * Refuses manifests with claims of other environments. A claim without the engine's labels was adopted by the stack; a
 * missing one is refused, because pods would wait for it and mount whatever is created under that name.
 */
export async function refuseForeignClaims(
  api: KubernetesApi,
  scope: Scope,
  manifests: readonly Manifest[],
): Promise<void> {
  const names = new Set(manifests.filter(isWorkload).flatMap(claimsOf));
  await Promise.all(
    [...names].map(async (name) => {
      const { namespace, name: own } = qualified(name);
      const found = await api.find<V1PersistentVolumeClaim>(`${claimsIn(namespace)}/${own}`);
      if (!found) throw missing('volume', name, scope);
      if (ownerOf(found) !== '') mustBeOurs(found, scope, name);
    }),
  );
}

/** The volumes that the engine did not create, including missing ones. */
export async function adoptedVolumes(api: KubernetesApi, names: readonly string[]): Promise<string[]> {
  const paths = names.map(qualified).map(({ namespace, name }) => `${claimsIn(namespace)}/${name}`);
  const found = await Promise.all(paths.map((path) => api.find<V1PersistentVolumeClaim>(path)));
  return names.filter((_, index) => ownerOf(found[index]) === '');
}

function claimsOf({ metadata: { namespace }, spec }: WorkloadManifest): string[] {
  const volumes = spec?.template.spec?.volumes ?? [];
  return volumes.flatMap(({ persistentVolumeClaim }) =>
    persistentVolumeClaim ? [`${namespace}/${persistentVolumeClaim.claimName}`] : [],
  );
}

/** Refused while a pod uses it. */
export async function removeVolume(api: KubernetesApi, scope: Scope, name: string): Promise<void> {
  const { namespace, name: own } = qualified(name);
  const found = await api.find<V1PersistentVolumeClaim>(`${claimsIn(namespace)}/${own}`);
  if (!found) return;
  mustBeOurs(found, scope, name);
  const users = (await api.list<V1Pod>(podsIn(namespace))).filter((pod) => mounts(pod, own));
  if (users.length > 0)
    throw new RuntimeError(
      'software',
      `the volume ${name} is in use by ${users.map(({ metadata }) => metadata!.name).join(', ')}`,
    );
  await api.delete(`${claimsIn(namespace)}/${own}`, { preconditions: { uid: found.metadata!.uid } });
}

export async function observeVolumes(
  api: KubernetesApi,
  namespace: string,
  scope: Scope,
  pods: readonly V1Pod[],
): Promise<ObservedVolume[]> {
  const claims = await api.list<V1PersistentVolumeClaim>(claimsIn(namespace));
  const own = Object.entries(scopeLabels(scope));
  const others = pods.filter(({ metadata }) => !own.every(([key, value]) => metadata?.labels?.[key] === value));
  return claims.map((claim) => ({
    name: `${namespace}/${claim.metadata!.name}`,
    owner: ownerOf(claim),
    mountedAt: textsIn(claim.metadata?.annotations?.[`${domain}/mounted-at`]),
    writers: others.filter((pod) => mounts(pod, claim.metadata!.name!)).map(({ metadata }) => metadata!.name!),
  }));
}

function mustBeOurs(claim: V1PersistentVolumeClaim, scope: Scope, name: string): void {
  const owner = ownerOf(claim);
  if (owner === scopeName(scope)) return;
  const whose = owner === '' ? 'somebody else' : `stack ${owner}`;
  throw new RuntimeError('software', `the volume ${name} belongs to ${whose}, not to ${scopeName(scope)}`);
}

function ownerOf(claim: V1PersistentVolumeClaim | undefined): string {
  const labels = claim?.metadata?.labels ?? {};
  const stack = labels[`${domain}/stack`];
  return stack === undefined ? '' : `${stack}/${labels[`${domain}/environment`]}`;
}

function mounts({ spec, status }: V1Pod, claim: string): boolean {
  return (
    status?.phase !== 'Succeeded' &&
    status?.phase !== 'Failed' &&
    (spec?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim) ?? false)
  );
}
