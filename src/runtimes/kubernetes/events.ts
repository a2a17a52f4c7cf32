import type { CoreV1Event } from '@kubernetes/client-node';
import type { KubernetesApi } from './api';

export interface ClusterEvent {
  reason: string;
  /** `FailedMount: configmap "x" not found`. */
  text: string;
  /** When it happened last, in ms since the epoch. */
  at: number;
}

/** What the cluster has told of one object, newest last. */
export async function eventsOf(api: KubernetesApi, namespace: string, { uid, type }: { uid: string; type?: 'Warning' }): Promise<ClusterEvent[]> {
  const selector = [`involvedObject.uid=${uid}`, ...(type ? [`type=${type}`] : [])].join(',');
  const events = await api.list<CoreV1Event>(`/api/v1/namespaces/${namespace}/events`, { fieldSelector: selector });
  const at = ({ lastTimestamp, series, eventTime, metadata }: CoreV1Event) => Date.parse(String(series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp));
  return events.map((event) => ({ reason: event.reason ?? '', text: `${event.reason}: ${(event.message ?? '').trim()}`, at: at(event) })).sort((a, b) => a.at - b.at);
}
