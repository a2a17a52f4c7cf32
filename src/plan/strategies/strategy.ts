import type { InstanceSpec } from '../../model/instance';
import { isUp, type ObservedInstance } from '../../model/observation';
import type { ServiceNames } from '../traffic/service-names';
import type { ServiceTraffic } from '../traffic/service-traffic';
import { toRef } from '../service/instance-spec';
import type { Judgement, Lane, Retirement, Stage } from '../plan';
import type { StepFactory } from '../steps';

/** One ordinal of a service: what runs there, and what shall. */
export interface Slot {
  /** Instances to retire: out of date, or of ordinals that are no longer wanted. */
  old: ObservedInstance[];
  /** Absent where the ordinal goes away. */
  next?: InstanceSpec;
}

export interface Replacement {
  service: string;
  /** How many instances there shall be. */
  replicas: number;
  /** The ordinals that change. */
  slots: Slot[];
  /** Instances that stay as they are. */
  kept: ObservedInstance[];
  postStart?: string[];
  traffic: ServiceTraffic;
  names: ServiceNames;
  /** A new instance's job for a test against it. */
  testOf: (next: InstanceSpec[], test: { command: string[]; image?: string }) => InstanceSpec;
  judge?: Judgement;
  steps: StepFactory;
}

/** How a service gets from its old instances to its new ones. */
export interface Rollout {
  stages: Stage[];
  tail: Stage[];
  beside: boolean;
}

/** How the instances of a service are replaced. Returns steps; performs nothing. */
export type Strategy<Options = unknown> = (replacement: Replacement, options: Options) => Rollout;

/** Starts an instance; its lane ends when it is healthy and its hook has run. */
export function start(next: InstanceSpec, { postStart, steps }: Replacement): Lane {
  return [
    steps.make({ kind: 'start', instance: next }, next.service),
    ...(postStart
      ? [
          steps.make(
            { kind: 'exec', instance: toRef(next), command: postStart, purpose: 'post_start hook' },
            next.service,
          ),
        ]
      : []),
  ];
}

/** Stops instances once each has answered its last request, by one step where no names leave them in between. */
export function retireAll(old: readonly ObservedInstance[], replacement: Replacement): Stage {
  const lanes = old.map((instance) => retire(instance, replacement));
  const alone = lanes.flatMap((lane) => (lane.length === 1 && lane[0]!.kind === 'retire' ? [lane[0]!] : []));
  if (alone.length < 2) return lanes;
  const retirements = alone.map(({ instance, drain }): Retirement => ({ instance, ...(drain && { drain }) }));
  return [
    [replacement.steps.make({ kind: 'retire-together', retirements }, replacement.service)],
    ...lanes.filter(({ length }) => length > 1),
  ];
}

/** Stops an instance once it has answered its last request; its name leaves it in between. */
export function retire(old: ObservedInstance, { names, traffic, steps }: Replacement): Lane {
  const nameless = names.take(old);
  const drain = traffic.drainOf(old);
  if (nameless.length > 0) return [...traffic.drain(old), ...nameless, steps.about('retire', toRef(old))];
  return [steps.make({ kind: 'retire', instance: toRef(old), ...(drain && { drain }) }, old.service)];
}

/** The lane begins only while these instances, which serve already, are healthy. */
export function onceHealthy(serving: readonly InstanceSpec[], lane: Lane): Lane {
  const [first, ...rest] = lane;
  return first && serving.length > 0 ? [{ ...first, gate: { healthy: serving.map(toRef) } }, ...rest] : lane;
}

export function incoming({ slots }: Replacement): InstanceSpec[] {
  return slots.flatMap(({ next }) => next ?? []);
}

/** The old instances that serve at this moment. */
export function outgoing({ slots }: Replacement): ObservedInstance[] {
  return slots.flatMap(({ old }) => old.filter(isUp));
}

/** Whether anything of the service serves already. */
export function serves(replacement: Replacement): boolean {
  return replacement.kept.length + outgoing(replacement).length > 0;
}

/** Stages that hold something. */
export function stagesOf(stages: readonly Stage[]): Stage[] {
  return stages.map((stage) => stage.filter((lane) => lane.length > 0)).filter((stage) => stage.length > 0);
}
