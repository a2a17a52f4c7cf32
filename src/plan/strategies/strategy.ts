import { referredIn, type InstanceSpec } from '../../model/instance';
import { isUp, type ObservedInstance } from '../../model/observation';
import type { ServiceNames } from '../traffic/service-names';
import type { ServiceTraffic } from '../traffic/service-traffic';
import { toRef } from '../service/instance-spec';
import type { Judgement, Lane, Retirement, Stage } from '../plan';
import type { StepFactory } from '../steps';

/** One ordinal of a service: its old instances and its new one. */
export interface Slot {
  /** Instances to retire: out of date, or with an ordinal above the replicas. */
  old: ObservedInstance[];
  /** Absent if the ordinal is removed. */
  next?: InstanceSpec;
}

export interface Replacement {
  service: string;
  /** The desired number of instances. */
  replicas: number;
  /** The ordinals that change. */
  slots: Slot[];
  /** Unchanged instances. */
  kept: ObservedInstance[];
  postStart?: string[];
  traffic: ServiceTraffic;
  names: ServiceNames;
  /** The job for a smoke test against new instances. */
  testOf: (next: InstanceSpec[], test: { command: string[]; image?: string }) => InstanceSpec;
  judge?: Judgement;
  steps: StepFactory;
}

/** The stages that replace the old instances of a service by its new ones. */
export interface Rollout {
  stages: Stage[];
  tail: Stage[];
  beside: boolean;
}

/** Plans how the instances of a service are replaced. */
export type Strategy<Options = unknown> = (replacement: Replacement, options: Options) => Rollout;

/** Starts an instance; the lane ends when it is healthy and its hook has run. */
export function start(next: InstanceSpec, { postStart, steps }: Replacement): Lane {
  const secrets = referredIn(postStart ?? [], next.secrets);
  return [
    steps.make({ kind: 'start', instance: next }, next.service),
    ...(postStart
      ? [
          steps.make(
            {
              kind: 'exec',
              instance: toRef(next),
              command: postStart,
              purpose: 'post_start hook',
              ...(secrets.length > 0 && { secrets }),
            },
            next.service,
          ),
        ]
      : []),
  ];
}

/** Drains and stops instances; in one step if no names have to be removed in between. */
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

/** Drains an instance, removes its names, and stops it. */
export function retire(old: ObservedInstance, { names, traffic, steps }: Replacement): Lane {
  const nameless = names.take(old);
  const drain = traffic.drainOf(old);
  if (nameless.length > 0) return [...traffic.drain(old), ...nameless, steps.about('retire', toRef(old))];
  return [steps.make({ kind: 'retire', instance: toRef(old), ...(drain && { drain }) }, old.service)];
}

/** Gates a lane on the health of these instances, which already serve. */
export function onceHealthy(serving: readonly InstanceSpec[], lane: Lane): Lane {
  const [first, ...rest] = lane;
  return first && serving.length > 0 ? [{ ...first, gate: { healthy: serving.map(toRef) } }, ...rest] : lane;
}

export function incoming({ slots }: Replacement): InstanceSpec[] {
  return slots.flatMap(({ next }) => next ?? []);
}

/** The old instances that run now. */
export function outgoing({ slots }: Replacement): ObservedInstance[] {
  return slots.flatMap(({ old }) => old.filter(isUp));
}

/** Whether any instance of the service already runs. */
export function serves(replacement: Replacement): boolean {
  return replacement.kept.length + outgoing(replacement).length > 0;
}

/** Drops empty lanes and stages. */
export function stagesOf(stages: readonly Stage[]): Stage[] {
  return stages.map((stage) => stage.filter((lane) => lane.length > 0)).filter((stage) => stage.length > 0);
}
