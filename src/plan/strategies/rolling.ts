import type { InstanceSpec } from '../../model/instance';
import type { Running } from '../traffic/service-traffic';
import { toRef } from '../service/instance-spec';
import type { Lane, Stage } from '../plan';
import {
  incoming,
  onceHealthy,
  outgoing,
  retireAll,
  serves,
  stagesOf,
  start,
  type Replacement,
  type Rollout,
  type Strategy,
} from './strategy';

export interface BatchOptions {
  /** Instances above the desired number. Draining instances do not count. */
  maxSurge: number;
  /** Instances below the desired number. */
  maxUnavailable: number;
  minHealthyMs: number;
}

/** Starts new instances in batches beside the old ones, moves requests to them, then stops old ones. */
export const rolling: Strategy<BatchOptions> = (replacement, options) => {
  const beside = serves(replacement);
  const slots = beside
    ? replacement.slots.map(({ old, next }) => ({ old, next: next && replacement.names.withheld(next) }))
    : replacement.slots;
  return { ...inBatches({ ...replacement, slots }, options), beside };
};

/** Starts all new instances at once, for strategies that have no old set to switch from. */
export function atOnce(replacement: Replacement): Rollout {
  return rolling(replacement, { maxSurge: Math.max(1, replacement.replicas), maxUnavailable: 0, minHealthyMs: 0 });
}

/**
 * At least the desired number of instances (or those that served before, if fewer) minus `maxUnavailable` serve at any
 * time. The old instances of a batch drain while the next batch starts. Old instances stop only while the new ones of
 * earlier batches are healthy.
 */
export function inBatches(replacement: Replacement, { maxSurge, maxUnavailable, minHealthyMs }: BatchOptions): Rollout {
  const { replicas, kept, traffic, names } = replacement;
  const arriving = incoming(replacement);
  const leaving = outgoing(replacement);
  const total = arriving.length;
  let serving: Running[] = [...kept, ...leaving];
  const floor = Math.max(0, Math.min(replicas, serving.length) - maxUnavailable);
  const ceiling = Math.max(replicas, serving.length) + maxSurge;
  const stages: Stage[] = total + leaving.length > 0 ? [kept.map((instance) => names.restore(instance))] : [];
  const earlier: InstanceSpec[] = [];
  let finishing: Stage = [];
  const finish = () => {
    stages.push(finishing);
    finishing = [];
  };

  while (arriving.length > 0 || leaving.length > 0) {
    if (maxSurge === 0) finish();
    const batch = arriving.splice(0, Math.max(0, ceiling - serving.length));
    if (batch.length > 0)
      stages.push(
        [...finishing, ...batch.map((next) => start(next, replacement))],
        ...settle(batch, minHealthyMs, replacement),
        batch.map((next) => names.give(next)),
      );
    if (batch.length > 0) finishing = [];
    serving = [...serving, ...batch];
    const stopping = leaving.splice(0, Math.max(0, serving.length - floor));
    serving = serving.filter((instance) => !(stopping as Running[]).includes(instance));
    stages.push([
      traffic.to([{ instances: serving, weight: 100 }], labelOf(replacement, total - arriving.length, leaving.length)),
    ]);
    finishing.push(
      ...retireAll(stopping, replacement).map((lane) => (traffic.flows ? lane : onceHealthy(earlier, lane))),
    );
    earlier.push(...batch);
  }
  finish();
  return { stages: stagesOf(stages), tail: [], beside: false };
}

/** For a scale-down, which has no new instances, the label counts the remaining ones. */
function labelOf({ service, kept, slots }: Replacement, arrived: number, remaining: number): string {
  const total = slots.filter(({ next }) => next).length;
  if (total === 0 && kept.length > 0) return `route ${service}: to the ${kept.length + remaining} remaining`;
  return `route ${service}: ${arrived} of ${total} new, ${remaining} old`;
}

/** Waits until new instances have been healthy for `minHealthyMs`. */
function settle(batch: InstanceSpec[], minHealthyMs: number, { service, steps }: Replacement): Stage[] {
  if (minHealthyMs === 0) return [];
  const names = batch.map(({ ordinal }) => ordinal).join(', ');
  const hold: Lane = [
    steps.make(
      {
        kind: 'hold',
        at: batch.map(({ ordinal }) => ordinal).join('+'),
        label: `watch the health of ${service} ${names} for ${minHealthyMs / 1000} s`,
        durationMs: minHealthyMs,
      },
      service,
    ),
  ];
  return [[hold], batch.map((next) => [steps.about('await-healthy', toRef(next))])];
}
