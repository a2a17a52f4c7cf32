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
  /** Instances beyond the wanted ones. Those that finish their last requests do not count. */
  maxSurge: number;
  /** Instances that may be missing. */
  maxUnavailable: number;
  minHealthyMs: number;
}

/** New instances beside the old ones, some at a time; the requests follow, and only then old ones stop. */
export const rolling: Strategy<BatchOptions> = (replacement, options) => {
  const beside = serves(replacement);
  const slots = beside
    ? replacement.slots.map(({ old, next }) => ({ old, next: next && replacement.names.withheld(next) }))
    : replacement.slots;
  return { ...inBatches({ ...replacement, slots }, options), beside };
};

/** All new instances at once: what a set of its own comes to where there is none to switch from. */
export function atOnce(replacement: Replacement): Rollout {
  return rolling(replacement, { maxSurge: Math.max(1, replacement.replicas), maxUnavailable: 0, minHealthyMs: 0 });
}

/**
 * Never fewer instances serve than the wanted ones (or those that served before, if they were fewer) less
 * `maxUnavailable`. The last ones of a batch finish their requests while the next batch starts. Old ones only go while
 * the new ones of earlier batches are healthy.
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
    const gone = leaving.splice(0, Math.max(0, serving.length - floor));
    serving = serving.filter((instance) => !(gone as Running[]).includes(instance));
    stages.push([
      traffic.to([{ instances: serving, weight: 100 }], labelOf(replacement, total - arriving.length, leaving.length)),
    ]);
    finishing.push(...retireAll(gone, replacement).map((lane) => (traffic.flows ? lane : onceHealthy(earlier, lane))));
    earlier.push(...batch);
  }
  finish();
  return { stages: stagesOf(stages), tail: [], beside: false };
}

/** Fewer instances and none of them new: what is left says more than how many are new. */
function labelOf({ service, kept, slots }: Replacement, arrived: number, staying: number): string {
  const total = slots.filter(({ next }) => next).length;
  if (total === 0 && kept.length > 0) return `route ${service}: to the ${kept.length + staying} that stay`;
  return `route ${service}: ${arrived} of ${total} new, ${staying} old`;
}

/** New instances count once they have been healthy for a while. */
function settle(batch: InstanceSpec[], minHealthyMs: number, { service, steps }: Replacement): Stage[] {
  if (minHealthyMs === 0) return [];
  const names = batch.map(({ ordinal }) => ordinal).join(', ');
  const hold: Lane = [
    steps.make(
      { kind: 'hold', label: `see ${service} ${names} healthy for ${minHealthyMs / 1000} s`, durationMs: minHealthyMs },
      service,
    ),
  ];
  return [[hold], batch.map((next) => [steps.about('await-healthy', toRef(next))])];
}
