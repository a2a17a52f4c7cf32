import type { V1Pod } from '@kubernetes/client-node';
import { qualified } from '../../../kubernetes/names';
import type { InstanceRef } from '../../../model/instance';
import { gone } from '../../../model/instance-status';
import { monotonicMs } from '../../../guard/monotonic';
import { RuntimeError, type ReadyOptions, type Scope, type Unready } from '../../runtime';
import type { KubernetesApi } from '../api';
import { Complaints } from './complaints';
import { eventsOf, warningsOf } from './events';
import { endOf, find, statusOf, toLive, type Live } from '../live';
import { logOf } from '../pods/logs';
import { refusedRoute } from './routes';
import type { WorkloadKind } from '../api/paths';
import { judge, type Expectation } from './verdict';
import type { NamespaceView, Views } from './view';

const tickMs = 1000;
/** Time without changes after which events are read. */
const silentMs = 3000;
/** Event reasons of cluster autoscalers. */
const growing = new Set(['TriggeredScaleUp', 'Nominated']);
const growsWithinMs = 600_000;
const lastEvents = 5;
const lastLines = 50;

export interface AwaitReadyOptions extends Omit<ReadyOptions, 'judgesRoutes'> {
  /** Earlier exits and events are ignored; in ms since the epoch. */
  since: number;
  /** Possible kinds of the workload, if known. */
  kinds?: readonly WorkloadKind[];
  /** Paths of the routes that a Gateway has to accept. */
  routes: readonly string[];
}

/**
 * Waits until all pods of a workload are ready and up to date; resolves with the reason if they cannot become so.
 * Changes come from a watch, and the workload is also read from time to time in case one is missed.
 */
export async function awaitReady(
  { api, scope, views }: { api: KubernetesApi; scope: Scope; views: Views },
  ref: InstanceRef,
  { healthyWithinMs, since, kinds, routes, signal, onWaiting }: AwaitReadyOptions,
): Promise<Unready | undefined> {
  const { namespace } = qualified(ref.name);
  const first = await find(api, scope, ref.name, kinds);
  if (!first) return { message: gone, events: [], logs: [] };
  const attempts = ref.restart.startsWith('on-failure') ? Number(ref.restart.split(':')[1] ?? Infinity) : 0;
  const expectation: Expectation = {
    generation: first.workload.metadata?.generation ?? 0,
    healthyWithinMs,
    attempts,
    since,
  };
  const complaints = new Complaints(api, since);
  return views.during(namespace, async (view) => {
    for (let [live, silentSince] = [first, monotonicMs()]; ;) {
      const { kind, message, pod } = judge(live, expectation, Date.now());
      if (kind === 'ready') {
        const refusal = await refusedRoute(api, scope, routes, signal);
        return refusal === undefined ? undefined : { message: refusal, ...(await evidenceOf(api, live, pod)) };
      }
      if (kind === 'platform') throw new RuntimeError('platform', `${ref.name}: ${message}`);
      if (kind === 'failed' || (kind === 'unschedulable' && !(await isGrowing(api, pod!))))
        return { message, ...(await evidenceOf(api, live, pod)) };
      onWaiting(message);
      if (monotonicMs() - silentSince > silentMs) {
        silentSince = monotonicMs();
        const complaint = await complaints.about(live);
        if (complaint !== undefined)
          return { message: `cannot start: ${complaint}`, ...(await evidenceOf(api, live, pod)) };
        live = (await find(api, scope, ref.name, kinds)) ?? live;
        continue;
      }
      await view.changed(tickMs, signal);
      signal.throwIfAborted();
      if (view.trouble) throw view.trouble;
      const next = latest(view, live);
      if (versionsOf(next) !== versionsOf(live)) silentSince = monotonicMs();
      live = next;
    }
  });
}

/** The workload in the view; the last known one if the view does not have it yet. */
function latest(view: NamespaceView, before: Live): Live {
  const workload = [...view.workloads.values()].find(({ metadata }) => metadata?.uid === before.workload.metadata?.uid);
  return (workload && toLive(workload, before.kind, [...view.pods.values()])) ?? before;
}

/** Changes with every change of the workload or its pods. */
function versionsOf({ workload, pods }: Live): string {
  return [workload, ...pods].map(({ metadata }) => metadata?.resourceVersion).join();
}

/** True if an autoscaler is adding a node for the pod. */
async function isGrowing(api: KubernetesApi, { metadata, status }: V1Pod): Promise<boolean> {
  const since = Date.parse(
    String(
      status?.conditions?.find(({ type }) => type === 'PodScheduled')?.lastTransitionTime ??
        metadata?.creationTimestamp,
    ),
  );
  const events = await eventsOf(api, metadata!.namespace!, metadata!.uid!);
  return Date.now() - since < growsWithinMs && events.some(({ reason }) => growing.has(reason));
}

/** Evidence of a failed pod: exit, warnings of the cluster, last log lines. */
async function evidenceOf(api: KubernetesApi, live: Live, pod: V1Pod | undefined): Promise<Omit<Unready, 'message'>> {
  const { namespace } = qualified(live.name);
  const end = pod && endOf(pod);
  const { uid } = (pod ?? live.workload).metadata!;
  const [warnings, logs] = await Promise.all([
    warningsOf(api, namespace, [uid!]).catch(() => []),
    pod ? logOf(api, live.name, pod, { tail: lastLines }).catch(() => []) : [],
  ]);
  return {
    status: { ...statusOf({ ...live, pods: pod ? [pod] : live.pods }), ...(end && { exitCode: end.exitCode }) },
    events: warnings.slice(-lastEvents).map(({ text }) => text),
    logs: logs.map(({ line }) => line),
  };
}
