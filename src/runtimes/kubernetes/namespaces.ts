import { fieldManager, scopeLabels } from '../../kubernetes/names';
import type { Scope } from '../runtime';
import type { KubernetesApi } from './api';
import { ApiError } from './errors';

/** A stack's namespace in one environment. */
export function namespaceOf({ stack, environment, namespace }: Scope): string {
  return namespace ?? `${stack}-${environment}`;
}

/** One that is there already is taken as it is; who may not make one is told so only where it is not there. */
export async function ensureNamespace(api: KubernetesApi, name: string, scope: Scope): Promise<void> {
  const path = `/api/v1/namespaces/${name}`;
  const found = await api.find(path).catch((error: Error) => (error instanceof ApiError && error.status === 403 ? {} : Promise.reject(error)));
  if (found) return;
  await api.apply(path, { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'deploy-code', ...scopeLabels(scope) } } }, fieldManager, false);
}
