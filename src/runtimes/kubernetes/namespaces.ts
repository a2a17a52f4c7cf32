import { fieldManager, qualified, scopeLabels } from '../../kubernetes/names';
import type { InstanceSpec } from '../../model/instance';
import { RuntimeError, type Scope } from '../runtime';
import { scopeName } from '../scope';
import type { KubernetesApi } from './api';
import { ApiError } from './api/errors';

/** The namespace of a stack in an environment. */
export function namespaceOf({ stack, environment, namespace }: Scope): string {
  return namespace ?? `${stack}-${environment}`;
}

/**
 * Refuses names in other namespaces than the environment's, which the policy has not checked.
 * @throws RuntimeError of kind `software` that names both
 */
export function requireOwnNamespace(scope: Scope, names: readonly string[]): void {
  const own = namespaceOf(scope);
  const other = names.find((name) => qualified(name).namespace !== own);
  if (other === undefined) return;
  const requested = qualified(other).namespace;
  throw new RuntimeError(
    'software',
    `${other} is in the namespace ${requested}, but the namespace of ${scopeName(scope)} is ${own}`,
  );
}

/** The names of an instance, its volumes and its networks, such as `shop-staging/api`. */
export function namesIn({ name, mounts, networks, names = [] }: InstanceSpec): string[] {
  const volumes = mounts.flatMap((mount) => (mount.type === 'volume' ? [mount.volume] : []));
  return [name, ...volumes, ...[...networks, ...names].map((network) => network.name)];
}

/** Creates a namespace unless it exists. A worker without permission to read namespaces assumes that it exists. */
export async function ensureNamespace(api: KubernetesApi, name: string, scope: Scope): Promise<void> {
  const path = `/api/v1/namespaces/${name}`;
  const found = await api
    .find(path)
    .catch((error: Error) => (error instanceof ApiError && error.status === 403 ? {} : Promise.reject(error)));
  if (found) return;
  await api.apply(
    path,
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'deploy-code', ...scopeLabels(scope) } },
    },
    fieldManager,
    false,
  );
}
