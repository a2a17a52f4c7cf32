import type { InstanceSpec, Workload } from '../model/instance';
import type { WorkloadManifest } from './manifest';
import { domain } from './names';

const ofSpec = [
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
const ofWorkload = ['replicas', 'replaces', 'beside', 'restartedBy'] as const;

/** What of an instance is written beside its workload, so that it is known again. */
export type InstanceRecord = Pick<InstanceSpec, (typeof ofSpec)[number]> & Pick<Workload, (typeof ofWorkload)[number]>;

/** The annotations that hold the record of an instance, in JSON, and its intended state. */
export const recordAnnotation = `${domain}/instance`;
export const stateAnnotation = `${domain}/state`;

/** `created`: not started yet. `retired`: stopped, so that nothing but a rollback starts it again. */
export type IntendedState = 'created' | 'running' | 'retired';

export function toAnnotations(spec: InstanceSpec): Record<string, string> {
  const record = { ...picked(spec, ofSpec), ...picked(spec.workload ?? { replicas: 1 }, ofWorkload) };
  return { [recordAnnotation]: JSON.stringify(record), [stateAnnotation]: 'running' satisfies IntendedState };
}

function picked<T extends object>(from: T, keys: readonly string[]): Partial<T> {
  return Object.fromEntries(Object.entries(from).filter(([key]) => keys.includes(key))) as Partial<T>;
}

/** A workload that the engine has made, as it is to be: `running` has its replicas, or runs; the others have none. */
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
