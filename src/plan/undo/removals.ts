import type { Stack } from '../../model/stack';
import { isUp, type Observation, type ObservedInstance } from '../../model/observation';
import type { Traffic } from '../traffic/traffic';
import { toRef } from '../service/instance-spec';
import { stepsOf, type PlannedPhase, type PlannedService } from '../plan';
import type { StepFactory } from '../steps';
import { noteUnnamedVolumes } from '../resources/unnamed-volumes';

export interface Removals {
  /** Removed before everything else: they hold a volume or a port that a new instance needs. */
  first: PlannedPhase[];
  /** Removed after everything else: other services may use them until those are replaced. */
  last: PlannedPhase[];
}

export interface RemovalsInput {
  stack: Stack;
  observation: Observation;
  /** Services of the stack to stop first: they hold a port that another service needs. */
  displaced: ReadonlySet<string>;
  planned: PlannedPhase[];
  /** Number of the stack's last phase. */
  last: number;
  traffic: Traffic;
  steps: StepFactory;
}

/** Plans the removal of services that are no longer in the stack, or are displaced; dependants (later phases) first. */
export function planRemovals({
  stack,
  observation,
  displaced,
  planned,
  last,
  traffic,
  steps,
}: RemovalsInput): Removals {
  const removed = new Map<string, ObservedInstance[]>();
  for (const instance of observation.instances) {
    if (!stack.services[instance.service] || displaced.has(instance.service))
      removed.set(instance.service, [...(removed.get(instance.service) ?? []), instance]);
  }
  const needs = claims(planned);
  const inTheWay = ([name, instances]: [string, ObservedInstance[]]) =>
    displaced.has(name) || instances.some((instance) => held(instance).some((claim) => needs.has(claim)));
  const entries = [...removed];
  return {
    first: toPhases(entries.filter(inTheWay), 0, traffic, steps),
    last: toPhases(
      entries.filter((entry) => !inTheWay(entry)),
      last + 1,
      traffic,
      steps,
    ),
  };
}

function toPhases(
  entries: [string, ObservedInstance[]][],
  number: number,
  traffic: Traffic,
  steps: StepFactory,
): PlannedPhase[] {
  const byPhase = new Map<number, PlannedService[]>();
  for (const [name, instances] of entries) {
    const phase = Math.max(...instances.map((instance) => instance.phase));
    const lanes = instances.filter(isUp).map((instance) => {
      const drain = traffic.drainOfRemoved(instance);
      return [steps.make({ kind: 'retire', instance: toRef(instance), ...(drain && { drain }) }, instance.service)];
    });
    const service: PlannedService = {
      name,
      kind: instances[0]!.kind,
      action: 'remove',
      replicas: instances.length,
      changes: [],
      notes: noteUnnamedVolumes(instances),
      interruptionMs: 0,
      superseded: instances.map((instance) => instance.name),
      continueOnFailure: false,
      beside: false,
      stages: [lanes],
      tail: [],
    };
    byPhase.set(phase, [...(byPhase.get(phase) ?? []), service]);
  }
  return [...byPhase]
    .sort(([a], [b]) => b - a)
    .map(([, services], index) => ({ number: number === 0 ? 0 : number + index, kind: 'removals', services }));
}

function claims(planned: PlannedPhase[]): Set<string> {
  return new Set(
    stepsOf(planned).flatMap((step) =>
      step.kind === 'start' || step.kind === 'update' || step.kind === 'create-job' ? held(step.instance) : [],
    ),
  );
}

/** The volumes and host ports that an instance occupies. */
function held({ mounts, ports }: Pick<ObservedInstance, 'mounts' | 'ports'>): string[] {
  return [
    ...mounts.flatMap((mount) => (mount.type === 'volume' ? [`volume ${mount.volume}`] : [])),
    ...ports.map((port) => `port ${port.host}/${port.protocol}`),
  ];
}
