import type { V1Namespace } from '@kubernetes/client-node';
import type { KubernetesApi } from '.';
import { unlessForbidden } from './errors';

/**
 * This namespace exists in every cluster from the start, so its uid identifies the cluster. Addresses do not: inside of
 * clusters they are all the same.
 */
const oldestNamespace = '/api/v1/namespaces/kube-system';

/** Reads the identity of a cluster, which does not depend on its address. It never changes and is read once. */
export function identityOf(api: KubernetesApi): () => Promise<string | undefined> {
  let identity: string | undefined;
  return async () =>
    (identity ??= (await unlessForbidden(() => api.find<V1Namespace>(oldestNamespace)))?.metadata?.uid);
}
