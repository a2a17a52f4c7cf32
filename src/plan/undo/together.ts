import type { InstanceRef } from '../../model/instance';
import type { Lane, Step } from '../plan';
import { StepFactory } from '../steps';

/** Instances per combined step. */
const perStep = 10;

/**
 * Combines lanes that only remove or only revive an instance into steps for ten instances each: an activity for each
 * instance would cost more than its work, and fill the history.
 */
export function together(lanes: readonly Lane[]): Lane[] {
  const others = lanes.filter((lane) => kindOf(lane) === undefined);
  return [...others, ...gather(lanes, 'remove', 'remove-together'), ...gather(lanes, 'revive', 'revive-together')];
}

function gather(
  lanes: readonly Lane[],
  kind: 'remove' | 'revive',
  many: 'remove-together' | 'revive-together',
): Lane[] {
  const alike = lanes.filter((lane) => kindOf(lane) === kind).map(([step]) => step!);
  const queues = [...new Set(alike.map(({ taskQueue }) => taskQueue))];
  const chunked = queues.flatMap((queue) =>
    chunks(
      alike.filter(({ taskQueue }) => taskQueue === queue),
      perStep,
    ),
  );
  return chunked.map((chunk) => (chunk.length === 1 ? chunk : [asOne(many, chunk)]));
}

function kindOf(lane: Lane): 'remove' | 'revive' | undefined {
  const [step] = lane;
  return lane.length === 1 && (step?.kind === 'remove' || step?.kind === 'revive') ? step.kind : undefined;
}

function asOne(kind: 'remove-together' | 'revive-together', steps: Step[]): Step {
  const instances = steps.flatMap((step): InstanceRef[] =>
    step.kind === 'remove' || step.kind === 'revive' ? [step.instance] : [],
  );
  return StepFactory.beside(steps[0]!).make({ kind, instances });
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) =>
    all.slice(index * size, (index + 1) * size),
  );
}
