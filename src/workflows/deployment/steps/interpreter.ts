import { CancellationScope, isCancellation, patched } from '@temporalio/workflow';
import type { StepReference } from '../../../model/events';
import type { PinnedImages } from '../../../model/images';
import type { Lane, Step, StepOf } from '../../../plan/plan';
import { activity } from '../../support/activity-options';
import { patches } from '../../support/patches';
import type { Cause } from '../../messages';
import type { DeploymentContext } from '../context';
import { interruptionOf, named, StepFailure, toProblem } from './failure';
import { performStep } from './perform-step';
import type { WaitingSteps } from './waiting-steps';

/** Performs the steps of a plan through activities. Knows no runtime and no strategy. */
export class Interpreter {
  /** Ids of started steps; added before the effect, which may partly succeed. */
  readonly started = new Set<string>();
  readonly finished = new Set<string>();
  /** Cancelled steps, with their last evidence. */
  readonly interrupted: Cause[] = [];
  /** Pulled images, by the task queue of the host. */
  private readonly pulled = new Map<string, PinnedImages>();
  /** Running jobs, with their names. */
  private readonly jobScopes = new Map<CancellationScope, string>();

  constructor(
    private readonly context: DeploymentContext,
    private readonly waitingSteps: WaitingSteps,
  ) {}

  /** Forgets all steps after the settlement of an earlier deployment. */
  forgetAll(): void {
    for (const steps of [this.started, this.finished]) steps.clear();
  }

  /** Marks steps as not finished, or not even started, so that they run again. A rollback undoes started steps. */
  forget(steps: readonly Step[], mark: 'started' | 'finished'): void {
    for (const { id } of steps) {
      this.finished.delete(id);
      if (mark === 'started') this.started.delete(id);
    }
  }

  /** The steps that are not finished. */
  remaining<S extends Step>(steps: readonly S[]): S[] {
    return steps.filter(({ id }) => !this.finished.has(id));
  }

  /** Images pulled on the host of a task queue. */
  imagesOn(taskQueue: string): PinnedImages {
    return this.pulled.get(taskQueue) ?? {};
  }

  /** Images pulled on all hosts. */
  get images(): PinnedImages {
    return Object.assign({}, ...this.pulled.values()) as PinnedImages;
  }

  /** Performs the steps of a lane, one after the other. */
  async lane(lane: Lane, phase?: number): Promise<void> {
    for (const step of lane) {
      await this.waitingSteps.whilePaused();
      await this.perform(step, phase);
    }
  }

  /** Waits for the end of a pause; true if there was one. */
  async whilePaused(): Promise<boolean> {
    const { isPaused } = this.waitingSteps;
    await this.waitingSteps.whilePaused();
    return isPaused;
  }

  /** Kills running jobs; only on request of a person. */
  killJobs(): void {
    for (const scope of this.jobScopes.keys()) scope.cancel();
  }

  /** The jobs that run: they finish, whatever happens to the deployment. */
  get runningJobs(): string[] {
    return [...new Set(this.jobScopes.values())];
  }

  /** Performs a step: retries while the platform is unavailable; failures of the software are final. */
  async perform(step: Step, phase?: number): Promise<void> {
    const { log, platformRetry } = this.context;
    const begin = Date.now();
    this.started.add(step.id);
    const about: StepReference = { id: step.id, kind: step.kind, title: step.title, service: step.service, phase };
    log.report({ code: 'step.started', step: about, data: {} });
    try {
      await platformRetry.retry(
        step.taskQueue,
        (afterTrouble) => this.dispatch(step, afterTrouble),
        (message) => log.report({ code: 'step.delayed', step: about, data: { message } }),
      );
      this.finished.add(step.id);
      const durationMs = Date.now() - begin;
      log.report({ code: 'step.finished', step: about, data: { durationMs } });
    } catch (error) {
      if (isCancellation(error)) {
        this.interrupted.push({
          ...named(step),
          service: step.service,
          message: 'not done',
          evidence: interruptionOf(error),
        });
        throw error;
      }
      const { message, evidence, isNotMade } = toProblem(error);
      if (isNotMade) this.started.delete(step.id);
      log.report({ code: 'step.failed', step: about, data: { message, durationMs: Date.now() - begin } });
      throw error instanceof StepFailure
        ? error
        : new StepFailure({ ...named(step), service: step.service, message, evidence });
    }
  }

  private async dispatch(step: Step, afterTrouble: boolean): Promise<void> {
    const { gate, taskQueue } = step;
    if (gate && (gate.healthy.length > 0 || gate.reached) && patched(patches.rolloutWatch))
      await activity(
        'passGate',
        taskQueue,
        `${step.title}: check that new instances are healthy and reached`,
      )(this.context.activityContext, gate);
    switch (step.kind) {
      case 'pull':
        return this.pull(step);
      case 'run-job':
        return this.runJob(step);
      case 'hold':
        return this.waitingSteps.hold(step);
      case 'approve':
        return this.waitingSteps.approve(step);
      default:
        return performStep(step, this.context, afterTrouble);
    }
  }

  private async pull({ image, taskQueue, title }: StepOf<'pull'>): Promise<void> {
    const {
      activityContext,
      input: { pinned },
    } = this.context;
    const { reference, ...found } = await activity('pullImage', taskQueue, title)(
      activityContext,
      image,
      pinned[image.reference],
    );
    this.pulled.set(taskQueue, { ...this.imagesOn(taskQueue), [reference]: found });
  }

  /** Runs a job. The end of a deployment does not kill it; a person decides about an unknown outcome. */
  private async runJob(step: StepOf<'run-job'>): Promise<void> {
    const { activityContext, clock, ask } = this.context;
    const run = (again: boolean) =>
      this.protectedJob(step.instance.service, () =>
        clock.during(() =>
          activity('runJob', step.taskQueue, step.title)(activityContext, step.instance, {
            timeoutMs: step.timeoutMs,
            again,
          }),
        ),
      );
    for (let again = false; ; again = true) {
      try {
        return await run(again);
      } catch (error) {
        const problem = toProblem(error);
        if (problem.type !== 'JobOutcomeUnknown') throw error;
        const answer = await clock.during(() =>
          ask(`${problem.message}. What happened to ${step.instance.service}?`, ['succeeded', 'failed', 'run again']),
        );
        if (answer === 'succeeded') return;
        if (answer !== 'run again') throw error;
      }
    }
  }

  /** Runs work in its own scope below a non-cancellable one. */
  private protectedJob(name: string, work: () => Promise<void>): Promise<void> {
    return CancellationScope.nonCancellable(async () => {
      const scope = new CancellationScope({ cancellable: true });
      this.jobScopes.set(scope, name);
      try {
        await scope.run(work);
      } finally {
        this.jobScopes.delete(scope);
      }
    });
  }
}
