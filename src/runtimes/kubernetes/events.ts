import type { CoreV1Event } from '@kubernetes/client-node';
import type { KubernetesApi } from './api';

/** What the cluster has to complain of about an object, newest last: `FailedMount: configmap "x" not found`. */
export async function warningsOf(api: KubernetesApi, namespace: string, name: string): Promise<{ reason: string; text: string }[]> {
  const events = await api.list<CoreV1Event>(`/api/v1/namespaces/${namespace}/events`, { fieldSelector: `involvedObject.name=${name},type=Warning` });
  const at = ({ lastTimestamp, eventTime, metadata }: CoreV1Event) => Date.parse(String(lastTimestamp ?? eventTime ?? metadata.creationTimestamp));
  return events.sort((a, b) => at(a) - at(b)).map(({ reason = '', message = '' }) => ({ reason, text: `${reason}: ${message.trim()}` }));
}
