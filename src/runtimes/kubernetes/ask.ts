import { qualified } from '../../kubernetes/names';
import type { KubernetesApi } from './api';
import { podsIn } from './paths';
import { runningPod } from './running-pod';

/** What a pod of a workload answers to a GET of a path, by way of the API server: a worker outside the cluster reaches no pod by itself. */
export async function ask(api: KubernetesApi, name: string, port: number, path: string, timeoutMs: number): Promise<string> {
  const pod = await runningPod(api, name, Date.now() + timeoutMs);
  const { pathname, searchParams } = new URL(path, 'http://pod');
  return api.text(`${podsIn(qualified(name).namespace)}/http:${pod.metadata!.name}:${port}/proxy${pathname}`, Object.fromEntries(searchParams));
}
