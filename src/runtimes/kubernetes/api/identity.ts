import type { V1Namespace } from '@kubernetes/client-node';
import type { KubernetesApi } from '.';
import { unlessForbidden } from './errors';

/**
 * Every cluster has it from its first moment on: its uid is as good as one of the cluster. An address is not, for
 * inside of clusters they are all the same.
 */
const oldestNamespace = '/api/v1/namespaces/kube-system';

/** What a cluster is known by, whatever address it is reached by. Asked once: it never changes. */
export function identityOf(api: KubernetesApi): () => Promise<string | undefined> {
  let known: string | undefined;
  return async () => (known ??= (await unlessForbidden(() => api.find<V1Namespace>(oldestNamespace)))?.metadata?.uid);
}
