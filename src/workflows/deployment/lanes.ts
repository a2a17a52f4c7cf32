import { CancellationScope } from '@temporalio/workflow';
import type { Lane, PlannedService, Step } from '../../plan/plan';

export interface ServiceLane {
  service?: PlannedService;
  lane: Lane;
}

/** Steps that need nothing of each other, side by side; the first failure stops the others. */
export function runSteps(steps: readonly Step[], limit: number, run: (lane: Lane) => Promise<void>): Promise<void> {
  return runLanes(steps.map((step) => ({ lane: [step] })), limit, ({ lane }) => run(lane), () => false);
}

/**
 * Runs lanes side by side, at most `limit` at once. The first failure that `onFailure` does not take upon
 * itself stops the others; it is thrown once all of them have come to rest.
 */
export async function runLanes(lanes: ServiceLane[], limit: number, run: (lane: ServiceLane) => Promise<void>, onFailure: (error: unknown, lane: ServiceLane) => boolean): Promise<void> {
  const failures: unknown[] = [];
  const waiting = [...lanes];
  const scope = new CancellationScope({ cancellable: true });
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next && !scope.consideredCancelled; next = waiting.shift()) {
      try {
        await run(next);
      } catch (error) {
        if (onFailure(error, next)) continue;
        failures.push(error);
        scope.cancel();
      }
    }
  };
  await scope.run(() => Promise.all(Array.from({ length: Math.min(limit, lanes.length) }, work)));
  if (failures.length > 0) throw failures[0];
}
