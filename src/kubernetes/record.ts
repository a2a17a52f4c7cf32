import type { Beside, HealthCheck, InstanceKind, InstanceSpec, NetworkAttachment, PortBinding, ResourceAmounts, RestartPolicy } from '../model/instance';
import type { WorkloadManifest } from './manifest';
import { domain } from './names';

/** What of an instance is written beside its workload, so that it is known again. */
export interface InstanceRecord {
  service: string;
  ordinal: number;
  deployment: number;
  release: number;
  phase: number;
  kind: InstanceKind;
  hash: string;
  keys: Record<string, string>;
  image?: string;
  restart: RestartPolicy;
  stopGraceMs: number;
  /** Absent where others choose how many. */
  replicas?: number;
  ports: PortBinding[];
  reserve: ResourceAmounts;
  healthCheck?: HealthCheck;
  preStop?: string[];
  networks: NetworkAttachment[];
  /** Number of the deployment whose workload this one took the place of. */
  replaces?: number;
  beside?: Beside;
  restartedBy?: number;
}

const annotation = `${domain}/instance`;
const stateAnnotation = `${domain}/state`;

/** `created`: not started yet. `retired`: stopped, so that nothing but a rollback starts it again. */
export type IntendedState = 'created' | 'running' | 'retired';

export function toAnnotations(spec: InstanceSpec): Record<string, string> {
  const { service, ordinal, deployment, release, phase, kind, hash, keys, image, restart, stopGraceMs, ports, reserve, healthCheck, preStop, networks, workload } = spec;
  const record: InstanceRecord = { service, ordinal, deployment, release, phase, kind, hash, keys, image, restart, stopGraceMs, replicas: workload ? workload.replicas : 1, replaces: workload?.replaces, beside: workload?.beside, restartedBy: workload?.restartedBy, ports, reserve, healthCheck, preStop, networks };
  return { [annotation]: JSON.stringify(record), [stateAnnotation]: 'running' satisfies IntendedState };
}

/** A workload as it is to be: `running` has its replicas, or runs; the others have none. */
export function inState<W extends WorkloadManifest>(workload: W, state: IntendedState): W {
  const { metadata, spec } = workload;
  const { replicas } = readRecord(metadata.annotations)!.record;
  const size = workload.kind === 'Job' ? { suspend: state !== 'running' } : state === 'running' ? { ...(replicas !== undefined && { replicas }) } : { replicas: 0 };
  return { ...workload, metadata: { ...metadata, annotations: { ...metadata.annotations, [stateAnnotation]: state } }, spec: { ...(spec as object), ...size } } as W;
}

/** Nothing where the object is not one of ours. */
export function readRecord(annotations: Record<string, string> | undefined): { record: InstanceRecord; state: IntendedState } | undefined {
  const text = annotations?.[annotation];
  return text === undefined ? undefined : { record: JSON.parse(text) as InstanceRecord, state: annotations![stateAnnotation] as IntendedState };
}
