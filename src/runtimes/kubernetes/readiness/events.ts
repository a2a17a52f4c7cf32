import type { CoreV1Event } from '@kubernetes/client-node';
import type { KubernetesApi } from '../api';

export interface ClusterEvent {
  reason: string;
  /** `FailedMount: configmap "x" not found`. */
  text: string;
  /** Time of its last occurrence, in ms since the epoch. */
  at: number;
}

/** Events of one object, newest last. */
export function eventsOf(api: KubernetesApi, namespace: string, uid: string): Promise<ClusterEvent[]> {
  return list(api, namespace, `involvedObject.uid=${uid}`);
}

/** Warnings of several objects, newest last. One request, as each scans all events of the namespace. */
export function warningsOf(api: KubernetesApi, namespace: string, uids: readonly string[]): Promise<ClusterEvent[]> {
  return list(api, namespace, 'type=Warning', ({ involvedObject }) => uids.includes(involvedObject.uid ?? ''));
}

async function list(
  api: KubernetesApi,
  namespace: string,
  fieldSelector: string,
  isWanted: (event: CoreV1Event) => boolean = () => true,
): Promise<ClusterEvent[]> {
  const events = (await api.list<CoreV1Event>(`/api/v1/namespaces/${namespace}/events`, { fieldSelector })).filter(
    isWanted,
  );
  const at = ({ lastTimestamp, series, eventTime, metadata }: CoreV1Event) =>
    Date.parse(String(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp));
  return events
    .map((event) => ({
      reason: event.reason ?? '',
      text: `${event.reason}: ${(event.message ?? '').trim()}`,
      at: at(event),
    }))
    .sort((a, b) => a.at - b.at);
}
