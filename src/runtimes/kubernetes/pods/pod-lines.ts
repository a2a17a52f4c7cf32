import type { V1Pod } from '@kubernetes/client-node';
import { crashLoop, isInCrashLoop } from '../../../model/instance-status';
import type { PodLine, Scope } from '../../runtime';
import type { KubernetesApi } from '../api';
import { endOf, find, isGoing, mainContainer } from '../live';

/** State and health of each pod of a workload. */
export async function podLines(api: KubernetesApi, scope: Scope, name: string): Promise<PodLine[]> {
  const live = await find(api, scope, name);
  const pods = (live?.pods ?? [])
    .filter((pod) => !isGoing(pod))
    .sort((a, b) => (a.metadata!.name! < b.metadata!.name! ? -1 : 1));
  return pods.map((pod) => ({
    name: `${pod.metadata!.namespace}/${pod.metadata!.name}`,
    restarts: mainContainer(pod)?.restartCount ?? 0,
    ...(live!.kind === 'Job' ? jobOf(pod) : serviceOf(pod, live!.record.healthCheck !== undefined, Date.now())),
  }));
}

/** State and health of a pod of a service. */
export function serviceOf(pod: V1Pod, isChecked: boolean, now: number): Pick<PodLine, 'state' | 'health'> {
  const { ready, state, restartCount: restarts = 0 } = mainContainer(pod) ?? {};
  const isWaiting = state?.waiting?.reason === 'CrashLoopBackOff';
  const podState = state?.running ? 'running' : isWaiting ? 'restarting' : 'created';
  const startedAt = Date.parse(String(state?.running?.startedAt)) || undefined;
  if (isInCrashLoop({ state: podState, restarts, startedAt }, now))
    return { state: podState, health: endOf(pod)?.outOfMemory ? `${crashLoop}, out of memory` : crashLoop };
  if (state?.running) return { state: podState, health: isChecked ? (ready ? 'healthy' : 'unhealthy') : '-' };
  return { state: podState, health: state?.waiting?.reason ?? 'down' };
}

function jobOf(pod: V1Pod): Pick<PodLine, 'state' | 'health'> {
  const end = endOf(pod);
  if (!end) return { state: 'running', health: 'running' };
  return { state: 'exited', health: end.exitCode === 0 ? 'completed' : `exited ${end.exitCode}` };
}
