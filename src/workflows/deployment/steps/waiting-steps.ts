import type { StepOf } from '../../../plan/plan';
import { activity } from '../../support/activity-options';
import type { DeploymentContext } from '../context';
import { named, Rejection, StepFailure } from './failure';

/** Steps that wait for a duration (with analyses) or for a person. They do not count against the timeout. */
export class WaitingSteps {
  constructor(private readonly context: DeploymentContext) {}

  get isPaused(): boolean {
    return this.context.steering.isPaused;
  }

  whilePaused(): Promise<void> {
    return this.context.clock.during(() => this.context.steering.whilePaused());
  }

  approve(step: StepOf<'approve'>): Promise<void> {
    const { clock, steering, log } = this.context;
    const { timeoutMs, otherwise } = step.approval;
    log.report({
      code: 'deployment.waiting',
      data: { message: step.label, service: step.service, timeoutMs, otherwise },
    });
    return clock.during(async () => {
      const answer = await steering.approval(step.label, step.service, timeoutMs);
      if (!answer)
        log.note(`${step.label}: nobody answered within ${timeoutMs / 1000} s, which counts as ${otherwise}`);
      if ((answer?.action ?? otherwise) === 'approve') return;
      const by = answer
        ? `by ${answer.by}${answer.reason ? `: ${answer.reason}` : ''}`
        : `: nobody answered within ${timeoutMs / 1000} s`;
      throw new Rejection({ ...named(step), service: step.service, message: `rejected ${by}` });
    });
  }

  /** Time during a pause does not count. */
  hold(step: StepOf<'hold'>): Promise<void> {
    const { clock, steering } = this.context;
    return clock.during(() =>
      steering.holding(step.service, async (hold) => {
        let missing: string[] = [];
        for (let usedMs = 0; usedMs < step.durationMs;) {
          await steering.whilePaused();
          const begin = Date.now();
          const waitMs = Math.min(step.durationMs - usedMs, step.analysis?.analysis.intervalMs ?? Infinity);
          const cutShort = await steering.wait(hold, waitMs);
          if (hold.over) return;
          usedMs += cutShort ? Date.now() - begin : waitMs;
          if (!steering.isPaused) missing = await this.analyse(step);
        }
        if (missing.length > 0 && !hold.over) await this.handleMissing(step, missing);
      }),
    );
  }

  /**
   * Queries the metrics once, and returns those that had no answer.
   *
   * @throws StepFailure when a limit is exceeded
   */
  private async analyse(step: StepOf<'hold'>): Promise<string[]> {
    if (!step.analysis) return [];
    const { failed, missing, seen } = await activity(
      'analyse',
      step.taskQueue,
      `${step.label}: query the metrics`,
    )(this.context.activityContext, step.analysis);
    if (failed.length > 0) {
      const { service, label } = step;
      this.context.log.report({
        code: 'performance.threshold_exceeded',
        data: { service, step: label, failed, seen },
      });
      throw new StepFailure({ ...named(step), service, message: failed.join('; ') });
    }
    if (seen.length > 0) this.context.log.note(`${step.label}: ${seen.join(', ')}`);
    return missing;
  }

  private async handleMissing(step: StepOf<'hold'>, missing: string[]): Promise<void> {
    const text = `metrics are missing: ${missing.join('; ')}`;
    const policy = step.analysis!.analysis.withoutAnswer;
    this.context.log.note(`${step.label}: ${text}`);
    if (policy === 'pass') return;
    const failure = { ...named(step), service: step.service, message: text };
    if (policy === 'fail') throw new StepFailure(failure);
    if ((await this.context.ask(`${step.label}: ${text}. Go on?`, ['go on', 'roll back'])) !== 'go on')
      throw new Rejection(failure);
  }
}
