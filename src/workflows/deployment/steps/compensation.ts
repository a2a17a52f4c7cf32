import { CancellationScope, patched } from '@temporalio/workflow';
import type { Lane } from '../../../plan/plan';
import type { RollbackPlan } from '../../../plan/undo/rollback-plan';
import { together } from '../../../plan/undo/together';
import { patches } from '../../support/patches';
import { toCause } from './failure';
import type { Interpreter } from './interpreter';
import { runLanes } from './lanes';

/** With more lanes to a stage the way back would not fit into what the way there has left of a history. */
const mostAlone = 300;

/** Performs what cannot be aborted: a step that fails never hides, and the rest still run. */
export class Compensation {
  /** What could not be finished. */
  readonly leftBehind: string[] = [];

  constructor(
    private readonly interpreter: Interpreter,
    private readonly limit: number,
  ) {}

  async perform({ stages }: RollbackPlan): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      for (const { lanes } of stages)
        await this.collect(lanes.length > mostAlone && patched(patches.backTogether) ? together(lanes) : lanes);
    });
  }

  /** Runs lanes side by side; what fails is named in `leftBehind`. */
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
