import type { InstanceSpec, Workload } from '../model/instance';
import type { WorkloadManifest } from './manifest';
import { domain } from './names';

const specKeys = [
  'service',
  'ordinal',
  'deployment',
  'release',
  'phase',
  'kind',
  'hash',
  'keys',
  'image',
  'restart',
  'stopGraceMs',
  'ports',
  'reserve',
  'healthCheck',
  'preStop',
  'networks',
] as const;
const workloadKeys = ['replicas', 'replaces', 'beside', 'restartedBy'] as const;

/** The part of an instance that is stored in an annotation of its workload, to read it back later. */
export type InstanceRecord = Pick<InstanceSpec, (typeof specKeys)[number]> &
  Pick<Workload, (typeof workloadKeys)[number]>;

/** Annotations for the record of an instance, in JSON, and for its intended state. */
export const recordAnnotation = `${domain}/instance`;
export const stateAnnotation = `${domain}/state`;

/** `created`: not started yet. `retired`: stopped until a rollback starts it again. */
export type IntendedState = 'created' | 'running' | 'retired';

export function toAnnotations(spec: InstanceSpec): Record<string, string> {
  const record = { ...picked(spec, specKeys), ...picked(spec.workload ?? { replicas: 1 }, workloadKeys) };
  return { [recordAnnotation]: JSON.stringify(record), [stateAnnotation]: 'running' satisfies IntendedState };
}

function picked<T extends object>(from: T, keys: readonly string[]): Partial<T> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key))) as Partial<T>;
}

/** The workload scaled for a state: its replicas (a job: not suspended) if `running`, else none. */
export function inState<W extends WorkloadManifest>(workload: W, state: IntendedState): W {
  const { metadata, spec } = workload;
  const { replicas } = JSON.parse(metadata.annotations![recordAnnotation]!) as InstanceRecord;
  const size =
    workload.kind === 'Job'
      ? { suspend: state !== 'running' }
      : state === 'running'
        ? { ...(replicas !== undefined && { replicas }) }
        : { replicas: 0 };
  return {
    ...workload,
    metadata: { ...metadata, annotations: { ...metadata.annotations, [stateAnnotation]: state } },
    spec: { ...(spec as object), ...size },
  } as W;
}
