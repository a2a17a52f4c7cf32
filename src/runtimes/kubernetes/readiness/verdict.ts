import type { V1Deployment, V1Pod, V1StatefulSet } from '@kubernetes/client-node';
import { domain } from '../../../kubernetes/names';
import { endOf, isGoing, isOver, mainContainer, type Live } from '../live';

export interface Expectation {
  /** Generation of the workload after the change. */
  generation: number;
  /** Time until a running pod must be ready, in ms; absent: not checked. */
  healthyWithinMs?: number;
  /** Exits that its restart policy allows. */
  attempts: number;
  /** Earlier exits belong to another deployment; in ms since the epoch. */
  since: number;
}

/**
 * State of a rollout of a workload. `platform`: a temporary problem of the platform. `unschedulable`: final unless the
 * cluster adds a node.
 */
export interface Verdict {
  kind: 'ready' | 'waiting' | 'failed' | 'platform' | 'unschedulable';
  message: string;
  /** The pod that determines it. */
  pod?: V1Pod;
}

/** Extra time for kubelets, which probe in whole seconds and report with a delay. */
const kubeletMs = 5000;
/** Cluster autoscalers check for unschedulable pods every ten seconds. */
const unschedulableMs = 15_000;
/** Exit times are in whole seconds. */
const secondMs = 1000;
/** Time for volumes to be provisioned; provisioners report failures themselves. */
const unboundMs = 120_000;
const unbound = /unbound immediate PersistentVolumeClaims/;
const startFailures = new Set([
  'InvalidImageName',
  'ErrImageNeverPull',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'PreCreateHookError',
  'PostStartHookError',
]);
const pullFailures = new Set(['ErrImagePull', 'ImagePullBackOff', 'RegistryUnavailable', 'ImageInspectError']);
const temporary = new RegExp(
  [
    'dial tcp|i/o timeout|TLS handshake|connection refused|no such host|toomanyrequests|deadline exceeded',
    String.raw`\bEOF\b|5\d\d (?:Internal|Bad Gateway|Service|Gateway)`,
  ].join('|'),
  'i',
);

/** Judges the rollout of a workload by its status and pods. Pure. */
export function judge(live: Live, expectation: Expectation, now: number): Verdict {
  const { workload } = live;
  if ((workload.metadata?.generation ?? 0) < expectation.generation)
    return waiting('the cluster has not processed it yet');
  if (isReady(live)) return { kind: 'ready', message: '' };
  const refused = (workload.status as V1Deployment['status'])?.conditions?.find(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  );
  if (refused) return { kind: 'failed', message: `cannot create pods: ${refused.message ?? refused.reason}` };
  const current = live.pods.filter((pod) => isCurrent(pod, live) && !isGoing(pod) && !isOver(pod));
  const verdicts = current.map((pod) => judgePod(pod, expectation, now));
  return (
    verdicts.find(({ kind }) => kind === 'failed') ??
    verdicts.find(({ kind }) => kind === 'unschedulable') ??
    verdicts.find(({ kind }) => kind === 'platform') ??
    verdicts.find(({ message }) => message !== '') ??
    waiting('')
  );
}

function waiting(message: string, pod?: V1Pod): Verdict {
  return { kind: 'waiting', message, ...(pod && { pod }) };
}

/** True if all replicas are available and up to date, and there are no others. */
export function isReady({ workload, kind }: Live): boolean {
  const { status, metadata } = workload as V1Deployment & V1StatefulSet;
  const wanted = (workload as V1Deployment).spec?.replicas ?? 0;
  if ((status?.observedGeneration ?? 0) < (metadata?.generation ?? 0)) return false;
  if (
    kind === 'StatefulSet' &&
    status?.currentRevision !== status?.updateRevision &&
    (status?.updatedReplicas ?? 0) < wanted
  )
    return false;
  return (
    (status?.updatedReplicas ?? 0) === wanted &&
    (status?.availableReplicas ?? 0) === wanted &&
    (status?.replicas ?? 0) === wanted
  );
}

/** True if the pod has the current template of the workload. */
function isCurrent(pod: V1Pod, { workload }: Live): boolean {
  const wanted = (workload as V1Deployment).spec?.template?.metadata?.annotations ?? {};
  const keys = [`${domain}/hash`, `${domain}/restarted-by`];
  return keys.every((key) => pod.metadata?.annotations?.[key] === wanted[key]);
}

/** Judges one pod of a rollout. */
export function judgePod(pod: V1Pod, { healthyWithinMs, attempts, since }: Expectation, now: number): Verdict {
  const failed = (message: string): Verdict => ({ kind: 'failed', message, pod });
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable') {
    const sinceMs = now - Date.parse(String(scheduled.lastTransitionTime ?? pod.metadata?.creationTimestamp));
    const limitMs = unbound.test(scheduled.message ?? '') ? unboundMs : unschedulableMs;
    return sinceMs > limitMs
      ? { kind: 'unschedulable', message: `cannot be scheduled: ${scheduled.message}`, pod }
      : waiting(`cannot be scheduled yet: ${scheduled.message}`, pod);
  }
  const container = mainContainer(pod);
  const reason = container?.state?.waiting?.reason ?? '';
  const message = container?.state?.waiting?.message ?? '';
  if (pullFailures.has(reason))
    return {
      kind: temporary.test(message) ? 'platform' : 'failed',
      message: `cannot pull its image (${reason}): ${message}`,
      pod,
    };
  if (startFailures.has(reason)) return failed(`cannot start its container (${reason}): ${message}`);
  const end = endOf(pod);
  if (
    end &&
    end.at >= since - secondMs &&
    (container?.restartCount ?? 0) + (container?.state?.terminated ? 1 : 0) > attempts
  )
    return failed(`exited ${end.exitCode}${end.outOfMemory ? ', out of memory' : ''}`);
  const startedAt = container?.state?.running?.startedAt;
  if (!startedAt) return waiting(reason, pod);
  const runsMs = now - Date.parse(String(startedAt));
  if (healthyWithinMs !== undefined && !container.ready && runsMs > healthyWithinMs + kubeletMs)
    return failed(`is not healthy after ${Math.round(runsMs / 1000)} s`);
  return waiting(container.ready ? '' : 'is not ready yet', pod);
}
