import { qualified } from '../../../kubernetes/names';
import type { Scope } from '../../runtime';
import type { KubernetesApi } from '../api';
import { ApiError } from '../api/errors';
import { podsIn } from '../api/paths';
import { runningPod } from './running-pod';
import { monotonicMs } from '../../../guard/monotonic';

/**
 * What a pod of a workload answers to a GET, be it a refusal, by way of the API server: a worker outside the cluster
 * reaches no pod by itself. Of `url` count scheme, port of the container, path and query.
 */
export async function ask(
  { api, scope }: { api: KubernetesApi; scope: Scope },
  name: string,
  { protocol, port, pathname, searchParams }: URL,
  timeoutMs: number,
): Promise<string> {
  const signal = AbortSignal.timeout(timeoutMs);
  const pod = await runningPod(api, scope, name, monotonicMs() + timeoutMs);
  const target = `${protocol}${pod.metadata!.name}:${port || (protocol === 'https:' ? 443 : 80)}`;
  return api
    .text(`${podsIn(qualified(name).namespace)}/${target}/proxy${pathname}`, Object.fromEntries(searchParams), signal)
    .catch((error: unknown) => {
      if (error instanceof ApiError && error.foreign !== undefined) return error.foreign;
      throw error;
    });
}
