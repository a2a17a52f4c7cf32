import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { qualified } from '../../../kubernetes/names';
import { RuntimeError, type Scope } from '../../runtime';
import type { KubernetesApi } from '../api';
import { find, isGoing, mainContainer } from '../live';
import { hasScope } from '../ownership';
import { podsIn } from '../api/paths';
import { monotonicMs } from '../../../guard/monotonic';

const pollMs = 100;

/** A running pod, or the first of a workload; waits for one until the deadline, on the monotonic clock in ms. */
export async function runningPod(api: KubernetesApi, scope: Scope, name: string, deadline: number): Promise<V1Pod> {
  for (;;) {
    const pods = (await find(api, scope, name))?.pods ?? (await podNamed(api, scope, name));
    const pod = pods.find((each) => mainContainer(each)?.state?.running && !isGoing(each));
    if (pod) return pod;
    if (monotonicMs() > deadline) throw new RuntimeError('software', `no pod of ${name} runs`);
    await sleep(pollMs);
  }
}

async function podNamed(api: KubernetesApi, scope: Scope, name: string): Promise<V1Pod[]> {
  const { namespace, name: own } = qualified(name);
  const pod = await api.find<V1Pod>(`${podsIn(namespace)}/${own}`);
  if (!pod || !hasScope(pod.metadata?.labels, scope))
    throw new RuntimeError('missing', `there is neither a workload nor a pod ${name}`);
  return [pod];
}
