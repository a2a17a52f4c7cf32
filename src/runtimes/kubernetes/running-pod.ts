import { setTimeout as sleep } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { qualified } from '../../kubernetes/names';
import { RuntimeError } from '../runtime';
import type { KubernetesApi } from './api';
import { find, isGoing, mainContainer } from './live';
import { podsIn } from './paths';

const lookMs = 100;

/** A pod, or the first of a workload that runs; waits for one until the deadline, in ms since the epoch. */
export async function runningPod(api: KubernetesApi, name: string, deadline: number): Promise<V1Pod> {
  for (;;) {
    const pods = (await find(api, name))?.pods ?? (await podNamed(api, name));
    const pod = pods.find((each) => mainContainer(each)?.state?.running && !isGoing(each));
    if (pod) return pod;
    if (Date.now() > deadline) throw new RuntimeError('software', `no pod of ${name} runs`);
    await sleep(lookMs);
  }
}

async function podNamed(api: KubernetesApi, name: string): Promise<V1Pod[]> {
  const { namespace, name: own } = qualified(name);
  const pod = await api.find<V1Pod>(`${podsIn(namespace)}/${own}`);
  if (!pod) throw new RuntimeError('missing', `there is neither a workload nor a pod ${name}`);
  return [pod];
}
