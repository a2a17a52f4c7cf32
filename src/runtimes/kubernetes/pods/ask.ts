import { qualified } from '../../../kubernetes/names';
import type { Scope } from '../../runtime';
import type { KubernetesApi } from '../api';
import { ApiError } from '../api/errors';
import { podsIn } from '../api/paths';
import { runningPod } from './running-pod';
import { monotonicMs } from '../../../guard/monotonic';

/**
 * Sends a GET to a pod of a workload through the API server, as a worker outside the cluster cannot reach pods;
 * resolves with the body, also of a failure. Uses the scheme, container port, path and query of `url`.
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
