import { isUp } from '../difference';
import { toRef } from '../instance-spec';
import type { Step } from '../plan';
import type { Replacement, Slot, Strategy } from './strategy';

/**
 * Stops the old instance, then starts the new one. Ordinals that replace something go one after the other,
 * so that a service with several never goes dark; those with nothing to replace start side by side.
 */
export const recreate: Strategy = (replacement) => {
  const replaced = replacement.slots.filter((slot) => slot.old.length > 0);
  const fresh = replacement.slots.filter((slot) => slot.old.length === 0);
  const lane = replaced.flatMap((slot) => slotSteps(slot, replacement));
  return [...(lane.length > 0 ? [lane] : []), ...fresh.map((slot) => slotSteps(slot, replacement))];
};

function slotSteps({ old, next }: Slot, { postStart, steps }: Replacement): Step[] {
  const retire = old.filter(isUp).map((instance) => steps.about('retire', toRef(instance)));
  if (!next) return retire;
  return [
    ...retire,
    steps.make({ kind: 'start', instance: next }, next.service),
    ...(postStart ? [steps.make({ kind: 'exec', instance: toRef(next), command: postStart, purpose: 'post_start hook' }, next.service)] : []),
  ];
}
