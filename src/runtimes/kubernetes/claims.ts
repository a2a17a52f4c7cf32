import type { V1PersistentVolumeClaim, V1Pod } from '@kubernetes/client-node';
import { toClaim } from '../../kubernetes/claim';
import { domain, fieldManager, qualified, scopeLabels } from '../../kubernetes/names';
import type { ObservedVolume } from '../../model/observation';
import { textsIn } from '../instance-shapes';
import { RuntimeError, type Scope, type VolumeRequest } from '../runtime';
import { scopeName } from '../scope';
import type { KubernetesApi } from './api';
import { ensureNamespace } from './namespaces';
import { pathOf, podsIn } from './paths';

const claimsIn = (namespace: string): string => `/api/v1/namespaces/${namespace}/persistentvolumeclaims`;

/** A volume is a claim. One of the same name that is somebody else's is refused. */
export async function createVolume(api: KubernetesApi, scope: Scope, request: VolumeRequest): Promise<void> {
  const { namespace, name: own } = qualified(request.name);
  await ensureNamespace(api, namespace, scope);
  const found = await api.find<V1PersistentVolumeClaim>(`${claimsIn(namespace)}/${own}`);
  if (found) return mustBeOurs(found, scope, request.name);
  const claim = toClaim({ ...request, stack: scope.stack, environment: scope.environment });
  await api.apply(pathOf(claim), claim, fieldManager, false);
}

/** Refuses while a pod has it. */
export async function removeVolume(api: KubernetesApi, scope: Scope, name: string): Promise<void> {
  const { namespace, name: own } = qualified(name);
  const found = await api.find<V1PersistentVolumeClaim>(`${claimsIn(namespace)}/${own}`);
  if (!found) return;
  mustBeOurs(found, scope, name);
  const users = (await api.list<V1Pod>(podsIn(namespace))).filter((pod) => mounts(pod, own));
  if (users.length > 0) throw new RuntimeError('software', `the volume ${name} is in use by ${users.map(({ metadata }) => metadata!.name).join(', ')}`);
  await api.delete(`${claimsIn(namespace)}/${own}`);
}

export async function observeVolumes(api: KubernetesApi, namespace: string, scope: Scope, pods: readonly V1Pod[]): Promise<ObservedVolume[]> {
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
  return status?.phase !== 'Succeeded' && status?.phase !== 'Failed' && (spec?.volumes?.some(({ persistentVolumeClaim }) => persistentVolumeClaim?.claimName === claim) ?? false);
}
