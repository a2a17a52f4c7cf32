import { isUp } from '../../model/observation';
import type { Lane } from '../plan';
import { inBatches } from './rolling';
import { incoming, onceHealthy, retire, start, type Replacement, type Slot, type Strategy } from './strategy';

/**
 * Stops the old instance, then starts the new one. Replaces ordinals one after the other, so that a service with
 * several instances is never down; starts ordinals without an old instance in parallel.
 */
export const recreate: Strategy = (replacement) => {
  const replaced = replacement.slots.filter((slot) => slot.old.length > 0);
  const fresh = replacement.slots.filter((slot) => slot.old.length === 0);
  if (replacement.traffic.flows)
    return inBatches(
      { ...replacement, slots: [...fresh, ...replaced] },
      { maxSurge: 0, maxUnavailable: 1, minHealthyMs: 0 },
    );
  replacement.traffic.to([{ instances: [...replacement.kept, ...incoming(replacement)], weight: 100 }], '');
  const lane = replaced.flatMap((slot, index) =>
    onceHealthy(
      replaced.slice(0, index).flatMap(({ next }) => next ?? []),
      slotSteps(slot, replacement),
    ),
  );
  const lanes = [...(lane.length > 0 ? [lane] : []), ...fresh.map((slot) => slotSteps(slot, replacement))];
  return { stages: lanes.length > 0 ? [lanes] : [], tail: [], beside: false };
};

function slotSteps({ old, next }: Slot, replacement: Replacement): Lane {
  return [
    ...old.filter(isUp).flatMap((instance) => retire(instance, replacement)),
    ...(next ? start(next, replacement) : []),
  ];
}
