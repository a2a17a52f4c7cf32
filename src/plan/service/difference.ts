import type { Joined } from '../../model/instance';
import { hasCompleted } from '../../model/instance-status';
import type { Service } from '../../model/stack';
import type { ObservedInstance } from '../../model/observation';
import { alterationsOf } from './alterations';
import type { Fingerprint } from './fingerprint';
import { canonical } from './hash';
import type { Change } from '../plan';

export interface Difference {
  /** By ordinal: the up-to-date instance. */
  keep: Map<number, ObservedInstance>;
  /** By ordinal: instances to replace or remove. */
  old: Map<number, ObservedInstance[]>;
  changes: Change[];
}

/** Whether it runs well, or has completed. `completed`: the fingerprint of the last run that has. */
function isWell(service: Service, instance: ObservedInstance, completed: string | undefined): boolean {
  return (hasCompleted(service, instance) && instance.hash === completed) || runsWell(service, instance);
}

function runsWell(service: Service, instance: ObservedInstance): boolean {
  const { state, runtimeHealth } = instance;
  const isUnhealthy = runtimeHealth === 'unhealthy' && isJudgedByRuntime(service);
  return state === 'running' && !isUnhealthy && alterationsOf(service, instance).length === 0;
}

function hasOtherCheck({ healthCheck }: Service, instance: ObservedInstance): boolean {
  return canonical(healthCheck) !== canonical(instance.healthCheck);
}

/** The image's own HEALTHCHECK counts unless the file overrides or disables it. */
function isJudgedByRuntime({ healthCheck, healthDisabled }: Service): boolean {
  return !healthDisabled && (!healthCheck || healthCheck.probe.kind === 'runtime');
}

export interface Comparison {
  /** Replace all instances. */
  forced?: boolean;
  /** Replace all instances, because those that they follow are replaced. */
  follows?: boolean;
  /** The instances whose namespaces it joins. */
  joins?: Joined;
  /** Replace instances with another health check: an instance keeps the check it was created with. */
  checks?: boolean;
  /** Fingerprint of its last instances that have completed by themselves. */
  completed?: string;
}

/** Divides the instances of a service into those to keep and those to replace, with the changed keys. */
export function compare(
  service: Service,
  observed: readonly ObservedInstance[],
  print: Fingerprint,
  { forced = false, follows = false, joins = {}, checks = false, completed }: Comparison = {},
): Difference {
  const keep = new Map<number, ObservedInstance>();
  const old = new Map<number, ObservedInstance[]>();
  const wanted = canonical(joins);
  for (const instance of [...observed].sort((a, b) => b.deployment - a.deployment)) {
    const { ordinal } = instance;
    const fits =
      !forced &&
      !follows &&
      ordinal <= service.replicas &&
      instance.hash === print.hash &&
      canonical(instance.joins ?? {}) === wanted &&
      isWell(service, instance, completed) &&
      !(checks && hasOtherCheck(service, instance));
    if (fits && !keep.has(ordinal)) keep.set(ordinal, instance);
    else old.set(ordinal, [...(old.get(ordinal) ?? []), instance]);
  }
  return { keep, old, changes: changesOf(service, [...old.values()].flat(), print, { forced, completed }) };
}

function changesOf(
  service: Service,
  old: ObservedInstance[],
  print: Fingerprint,
  { forced, completed }: Pick<Comparison, 'forced' | 'completed'>,
): Change[] {
  const [instance] = old.filter(({ ordinal }) => ordinal <= service.replicas);
  if (!instance) return [];
  if (forced && instance.hash === print.hash) return [{ key: 'restart' }];
  const keys = [...new Set([...Object.keys(print.keys), ...Object.keys(instance.keys)])].filter(
    (key) => print.keys[key] !== instance.keys[key],
  );
  const well = isWell(service, instance, completed);
  if (keys.length === 0 && well && hasOtherCheck(service, instance)) return [{ key: 'health_check' }];
  if (keys.length === 0 && well) return [];
  if (keys.length === 0) return [{ key: 'state', from: describeState(service, instance), to: 'running' }];
  return keys.map((key) => (key === 'image' ? { key, from: instance.image, to: service.image } : { key }));
}

function describeState(service: Service, instance: ObservedInstance): string {
  if (instance.state === 'exited') return `exited ${instance.exitCode ?? '?'}`;
  const [altered] = alterationsOf(service, instance);
  return altered ?? (instance.state === 'running' ? (instance.runtimeHealth ?? 'running') : instance.state);
}
