import type { InstanceSpec, Workload } from '../model/instance';
import type { WorkloadManifest } from './manifest';
import { domain } from './names';

const ofSpec = ['service', 'ordinal', 'deployment', 'release', 'phase', 'kind', 'hash', 'keys', 'image', 'restart', 'stopGraceMs', 'ports', 'reserve', 'healthCheck', 'preStop', 'networks'] as const;
const ofWorkload = ['replicas', 'replaces', 'beside', 'restartedBy'] as const;

/** What of an instance is written beside its workload, so that it is known again. */
export type InstanceRecord = Pick<InstanceSpec, (typeof ofSpec)[number]> & Pick<Workload, (typeof ofWorkload)[number]>;

const annotation = `${domain}/instance`;
const stateAnnotation = `${domain}/state`;

/** `created`: not started yet. `retired`: stopped, so that nothing but a rollback starts it again. */
export type IntendedState = 'created' | 'running' | 'retired';

export function toAnnotations(spec: InstanceSpec): Record<string, string> {
  const record = { ...picked(spec, ofSpec), ...picked(spec.workload ?? { replicas: 1 }, ofWorkload) };
  return { [annotation]: JSON.stringify(record), [stateAnnotation]: 'running' satisfies IntendedState };
}

function picked<T extends object>(from: T, keys: readonly string[]): Partial<T> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key))) as Partial<T>;
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
