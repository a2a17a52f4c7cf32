import { CancellationScope, patched } from '@temporalio/workflow';
import type { Lane } from '../../../plan/plan';
import type { RollbackPlan } from '../../../plan/undo/rollback-plan';
import { together } from '../../../plan/undo/together';
import { patches } from '../../support/patches';
import { toCause } from './failure';
import type { Interpreter } from './interpreter';
import { runLanes } from './lanes';

/** Above this number of lanes per stage a rollback, one activity per step, may exceed the history limit. */
const maximumSeparateLanes = 300;

/** Performs steps that cannot be cancelled: records failed steps, and performs the rest. */
export class Compensation {
  /** Failed steps, as `title: message`. */
  readonly leftBehind: string[] = [];

  constructor(
    private readonly interpreter: Interpreter,
    private readonly limit: number,
  ) {}

  async perform({ stages }: RollbackPlan): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      for (const { lanes } of stages)
        await this.collect(
          lanes.length > maximumSeparateLanes && patched(patches.backTogether) ? together(lanes) : lanes,
        );
    });
  }

  /** Runs lanes in parallel; adds failures to `leftBehind`. */
  async collect(lanes: Lane[]): Promise<void> {
    await runLanes(
      lanes,
      this.limit,
      (lane) => this.interpreter.lane(lane),
      (error) => {
        const { step, title = step, message } = toCause(error, { id: 'rollback' });
        this.leftBehind.push(`${title}: ${message}`);
        return true;
      },
    );
  }
}
