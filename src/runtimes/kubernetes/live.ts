import type { V1ContainerStatus, V1Deployment, V1Job, V1Pod, V1StatefulSet } from '@kubernetes/client-node';
import type { Manifest, WorkloadManifest } from '../../kubernetes';
import { labelSelector, podSelector, qualified, scopeLabels } from '../../kubernetes/names';
import type { InstanceRecord, IntendedState } from '../../kubernetes/record';
import type { InstanceStatus } from '../../model/instance-status';
import type { InstanceState } from '../../model/observation';
import type { Scope } from '../runtime';
import type { KubernetesApi } from './api';
import { hasLabels, hasScope, scopeIn } from './ownership';
import { collection, pathOf, podsIn, workloadKinds, type WorkloadKind } from './api/paths';
import { readRecord } from './ledger/record';

/** A workload as the API returns it. */
export type LiveWorkload =
  (V1Deployment & { kind?: string }) | (V1StatefulSet & { kind?: string }) | (V1Job & { kind?: string });

/** A workload of the engine, with its pods. */
export interface Live {
  name: string;
  kind: Manifest['kind'];
  workload: LiveWorkload;
  record: InstanceRecord;
  intended: IntendedState;
  pods: V1Pod[];
}

/** Reads a workload of any owner. */
export function readLive(api: KubernetesApi, workload: WorkloadManifest): Promise<LiveWorkload | undefined> {
  return api.find<LiveWorkload>(pathOf(workload));
}

/**
 * Undefined if this environment has no such workload; `kinds`: possible kinds, if known.
 * @throws RuntimeError of kind `software` if its annotations are invalid
 */
export async function find(
  api: KubernetesApi,
  scope: Scope,
  name: string,
  kinds: readonly WorkloadKind[] = workloadKinds,
): Promise<Live | undefined> {
  const { namespace, name: own } = qualified(name);
  const ownPods = labelSelector({ ...podSelector({ name }), ...scopeLabels(scope) });
  const [found, pods] = await Promise.all([
    Promise.all(
      kinds.map(async (kind) => ({
        kind: kind.kind,
        workload: await api.find<LiveWorkload>(`${collection(kind, namespace)}/${own}`),
      })),
    ),
    api.list<V1Pod>(podsIn(namespace), { labelSelector: ownPods }),
  ]);
  const ours = found.filter(({ workload }) => hasScope(workload?.metadata?.labels, scope));
  return ours.map(({ kind, workload }) => toLive(workload!, kind, pods)).find((live) => live !== undefined);
}

/**
 * Undefined if it is not the engine's, or is being deleted.
 * @throws RuntimeError of kind `software` if its annotations are invalid
 */
export function toLive(workload: LiveWorkload, kind: Manifest['kind'], pods: readonly V1Pod[]): Live | undefined {
  const noted = workload.metadata?.deletionTimestamp ? undefined : readRecord(workload.metadata?.annotations);
  if (!noted) return undefined;
  const { name, namespace, labels } = workload.metadata!;
  const own = { ...podSelector({ name: name! }), ...scopeIn(labels) };
  return {
    name: `${namespace}/${name}`,
    kind,
    workload,
    record: noted.record,
    intended: noted.state,
    pods: pods.filter(({ metadata }) => hasLabels(metadata?.labels ?? {}, own)),
  };
}

/** The container of the service, also if others have added sidecars. */
export function containerName({ metadata, spec }: V1Pod): string {
  return metadata?.labels?.['app.kubernetes.io/name'] ?? spec?.containers[0]?.name ?? '';
}

export function mainContainer(pod: V1Pod): V1ContainerStatus | undefined {
  const own = containerName(pod);
  return pod.status?.containerStatuses?.find(({ name }) => name === own);
}

/** True for a pod that was evicted or has finished, and is kept for inspection. */
export function isOver({ status }: V1Pod): boolean {
  return status?.phase === 'Failed' || status?.phase === 'Succeeded';
}

/** The last exit of a container, even if it was restarted since. */
export function endOf(pod: V1Pod): { exitCode: number; outOfMemory: boolean; at: number } | undefined {
  const { state, lastState } = mainContainer(pod) ?? {};
  const end = state?.terminated ?? lastState?.terminated;
  return (
    end && {
      exitCode: end.exitCode,
      outOfMemory: end.reason === 'OOMKilled',
      at: Date.parse(String(end.finishedAt ?? 0)) || 0,
    }
  );
}

export function isGoing({ metadata }: V1Pod): boolean {
  return metadata?.deletionTimestamp !== undefined;
}

export function statusOf(live: Live): InstanceStatus {
  const { record, pods } = live;
  const { state, exitCode } = stateOf(live);
  const ends = pods.map(endOf);
  const starts = pods
    .flatMap((pod) => mainContainer(pod)?.state?.running?.startedAt ?? [])
    .map((at) => Date.parse(String(at)));
  const isReady = pods.length > 0 && pods.every((pod) => mainContainer(pod)?.ready);
  return {
    state,
    hash: record.hash,
    exitCode: exitCode ?? (state === 'running' ? undefined : ends.find((end) => end !== undefined)?.exitCode),
    outOfMemory: ends.some((end) => end?.outOfMemory),
    restarts: pods.reduce((sum, pod) => sum + (mainContainer(pod)?.restartCount ?? 0), 0),
    startedAt: starts.length > 0 ? Math.min(...starts) : undefined,
    ...(record.healthCheck && state === 'running' && { health: isReady ? 'healthy' : 'starting' }),
  };
}

/** The state of a workload: created, stopped, exited, running, or restarting. */
export function stateOf({ workload, kind, intended, pods }: Live): { state: InstanceState; exitCode?: number } {
  if (kind === 'Job') return jobState(workload as V1Job, intended, pods);
  if (intended === 'created') return { state: 'created' };
  if (intended === 'retired') return pods.some((pod) => !isOver(pod)) ? { state: 'running' } : { state: 'exited' };
  const crashes = pods.filter((pod) => mainContainer(pod)?.state?.waiting?.reason === 'CrashLoopBackOff');
  return { state: crashes.length > 0 && crashes.length === pods.length ? 'restarting' : 'running' };
}

function jobState(
  { status }: V1Job,
  intended: IntendedState,
  pods: V1Pod[],
): { state: InstanceState; exitCode?: number } {
  const holds = (type: string) =>
    status?.conditions?.some((each) => each.type === type && each.status === 'True') ?? false;
  if (holds('Complete')) return { state: 'exited', exitCode: 0 };
  if (holds('Failed'))
    return {
      state: 'exited',
      exitCode: pods.map((pod) => endOf(pod)?.exitCode).find((code) => code !== undefined && code !== 0),
    };
  return intended === 'running' ? { state: 'running' } : { state: intended === 'retired' ? 'exited' : 'created' };
}
