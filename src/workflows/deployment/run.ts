import { ApplicationFailure, CancellationScope, patched } from '@temporalio/workflow';
import type { Service, Stack } from '../../model/stack';
import type { StackObservation } from '../../plan/hosts/view';
import { hashesOfJobs, jobRuns, type JobRun } from '../../plan/service/job-runs';
import { changesAnything, type Plan, type Refusal } from '../../plan/plan';
import type { Planning } from '../../plan/planner';
import { settingsOf } from '../../plan/service/settings';
import { withFollowers } from '../../plan/graph';
import type { Cause, DeploymentInput, Outcome } from '../messages';
import { createContext, type DeploymentContext, type DeploymentParts } from './context';
import { patches } from '../support/patches';
import { Commit, supersededInstances } from './stages/commit';
import { Rejection, StepFailure, toCause, withEvidence } from './steps/failure';
import { Interpreter } from './steps/interpreter';
import { Preparation } from './stages/preparation';
import { clearFailedJobs, hasRun, restoreAmended, restoreUnfinished } from './stages/restore-unfinished';
import { Rollback } from './stages/rollback';
import { summarise } from './report/summary';
import { WaitingSteps } from './steps/waiting-steps';
import { Compensation } from './steps/compensation';
import { Rollout } from './stages/rollout';

/** The result of a run. */
export interface RunResult {
  outcome: Outcome;
  cause?: Cause;
  refusals: Refusal[];
  rollbackMs?: number;
}

/** One attempt to deploy a release, from the start to the commit or the rollback. */
export class DeploymentRun {
  readonly interpreter: Interpreter;
  readonly rollout: Rollout;
  readonly compensation: Compensation;
  readonly commit: Commit;
  readonly rollback: Rollback;
  private readonly preparation: Preparation;
  plan?: Plan;
  private rolloutScope = new CancellationScope({ cancellable: true });
  readonly context: DeploymentContext;
  private readonly waitingSteps: WaitingSteps;
  private cause?: Cause;
  /** A person has ended it. */
  private isAborted = false;
  /** Point of no return: set once nothing is rolled back any more. */
  committed = false;
  private input: DeploymentInput;
  /** The observation before the first step. */
  private observed?: StackObservation;

  constructor(parts: DeploymentParts) {
    const context = createContext(parts);
    this.context = context;
    this.input = parts.input;
    this.waitingSteps = new WaitingSteps(context);
    this.interpreter = new Interpreter(context, this.waitingSteps);
    this.compensation = new Compensation(this.interpreter, parts.input.stack.deployment.maxParallel);
    this.preparation = new Preparation(context, this.interpreter, this.compensation);
    this.rollout = new Rollout(context, this.interpreter, this.compensation);
    this.rollback = new Rollback(context, this.interpreter, this.compensation);
    this.commit = new Commit(context, this.compensation);
  }

  /**
   * Cancels the rollout, so that it is rolled back. Running jobs finish first; a failure that already waits for them
   * stays the cause. Has no effect after the commit.
   */
  stop(cause: Cause): void {
    this.isAborted ||= cause.step === 'cancel';
    this.cause ??= this.rollout.failure ?? cause;
    this.context.log.failing ??= { cause: this.cause, jobs: () => this.interpreter.runningJobs };
    if (!this.committed) this.rolloutScope.cancel();
    this.context.failureDecision.decide({ kind: 'roll back' });
  }

  async execute(): Promise<RunResult> {
    try {
      for (;;) {
        const failure = await this.rolloutScope.run(() => this.rollForward()).catch((error: unknown) => ({ error }));
        if ('outcome' in failure) return failure;
        const cause = withEvidence(
          this.cause ?? toCause(failure.error, { id: this.plan ? 'deploy' : 'plan' }),
          this.interpreter.interrupted,
        );
        if (this.mayWait(cause, failure.error) && (await this.awaitDecision(cause))) continue;
        this.context.log.cause = cause;
        return await this.rollBack(cause);
      }
    } finally {
      this.context.clock.stop();
    }
  }

  private async rollForward(): Promise<RunResult> {
    this.observed ??= await this.begin();
    return this.deployPlan(this.observed);
  }

  private begin(): Promise<StackObservation> {
    const { timeoutMs } = this.input.stack.deployment;
    this.context.clock.start(timeoutMs, () =>
      this.stop({ step: 'timeout', message: `not done within ${timeoutMs / 1000} s (deployment.timeout_seconds)` }),
    );
    this.context.log.become('planning');
    return this.preparation.settleAndObserve(this.input);
  }

  /** Plans from the first observation and deploys up to the commit. Skips finished steps. */
  private async deployPlan(observed: StackObservation): Promise<RunResult> {
    const draft = this.preparation.draft(this.input, observed);
    if (draft.refusals.length > 0) return { outcome: 'refused', refusals: draft.refusals };
    const { plan, refusals } = await this.planned(draft, observed);
    if (refusals.length > 0) return { outcome: 'refused', refusals };
    const { stack, intent } = this.input;
    this.context.certificates.see(stack, intent, observed);
    const unclaimed = await this.context.routes.claim(stack, intent, observed);
    if (unclaimed.length > 0) return { outcome: 'refused', refusals: unclaimed };
    this.plan = plan;
    this.context.log.plan = summarise(plan);
    if (!changesAnything(plan) && !this.hasNewSettings()) {
      await this.commit.keepSchedules(this.input);
      await this.commit.settleTraffic(this.input);
      return { outcome: 'unchanged', refusals: [] };
    }
    await this.rollout.perform(plan);
    await this.waitingSteps.whilePaused();
    if (this.cause) throw new StepFailure(this.cause);
    await this.commitRelease(plan, observed);
    return { outcome: 'succeeded', refusals: [] };
  }

  /** The plan after all images are pulled, and ports and resources are claimed. */
  private async planned(draft: Planning, observed: StackObservation): Promise<Planning> {
    const { claims, go } = this.context;
    const { name, environment } = this.input.stack;
    const planning = await this.preparation.withImages(this.input, draft, observed);
    if (claims.areMade || !changesAnything(planning.plan) || !patched(patches.hostClaims)) return planning;
    const secured = await claims.secure(
      this.input.stack,
      observed,
      `deployment ${go.deployment} of ${name}/${environment}`,
      planning,
      (around) => this.preparation.withImages(this.input, this.preparation.draft(this.input, around), around),
    );
    this.observed = secured.observed;
    return secured.planning;
  }

  /** Platform failures that outlasted the timeout, by task queue. */
  get lost(): ReadonlyMap<string, string> {
    return this.context.platformRetry.lost;
  }

  /** Whether the settings changed although no instance does, such as a subscriber: that makes a new release. */
  private hasNewSettings(): boolean {
    const { intent, followsCurrent } = this.input;
    const { settings } = this.context.go;
    const isWhole = (intent.kind === 'deploy' || intent.kind === 'rollback') && !intent.services && !followsCurrent;
    return isWhole && settings !== undefined && settings !== this.stackRecord.settings;
  }

  /** The data about its stack that the environment stores. */
  get stackRecord(): { settings: string; hosts?: string[] } {
    const { hosts } = this.input.stack;
    return { settings: settingsOf(this.input.stack), ...(hosts && { hosts: hosts.map(({ name }) => name) }) };
  }

  /** Whether to wait for a person: not after a person's decision, and not in an automatic deployment. */
  private mayWait({ step }: Cause, error: unknown): boolean {
    const { waitOnFailureMs = 0 } = this.input.stack.deployment;
    return (
      waitOnFailureMs > 0 &&
      !this.input.automatic &&
      this.observed !== undefined &&
      step !== 'cancel' &&
      !this.isAborted &&
      !(error instanceof Rejection)
    );
  }

  /** Waits for a person's decision; true if the deployment continues. */
  private async awaitDecision(cause: Cause): Promise<boolean> {
    const {
      plan,
      interpreter,
      compensation,
      context: { log, go, failureDecision, clock },
    } = this;
    this.cause = undefined;
    const unfinished = plan && { plan, failed: cause.service, interpreter, compensation };
    const restored = unfinished ? await restoreUnfinished(unfinished) : [];
    if (restored.length > 0) log.note(`${restored.join(', ')} restored until somebody decides`);
    if (this.isStopped()) return false;
    const message = `deployment ${go.deployment} failed and waits for a decision: ${cause.message}`;
    log.report({ code: 'deployment.waiting', data: { message, cause } });
    const decision = await clock.during(() =>
      failureDecision.await(cause, this.input.stack.deployment.waitOnFailureMs!),
    );
    if (decision.kind === 'roll back' || this.isStopped()) return false;
    if (unfinished) await clearFailedJobs(unfinished);
    if (decision.kind === 'amend') {
      const names = decision.services.map(({ name }) => name);
      if (unfinished) await restoreAmended(unfinished, withFollowers(this.input.stack.services, names));
      this.input = { ...this.input, stack: this.amended(decision.services) };
    }
    interpreter.interrupted.length = 0;
    this.rolloutScope = new CancellationScope({ cancellable: true });
    clock.renew();
    return !this.isStopped();
  }

  /** Whether it was stopped, also while it waited for a decision. */
  private isStopped(): boolean {
    return this.cause !== undefined;
  }

  /** @throws ApplicationFailure with the reasons if the services cannot be amended */
  checkAmendment(services: Service[]): void {
    const { plan, interpreter } = this;
    const ran = services.filter(({ name }) => plan !== undefined && hasRun({ plan, interpreter }, name));
    if (ran.length > 0) {
      const names = ran.map(({ name }) => name).join(', ');
      throw ApplicationFailure.nonRetryable(
        `${names} has already run in this deployment; amend the others`,
        'NothingToAmend',
      );
    }
    this.amended(services);
  }

  /** The stack with amended services. @throws ApplicationFailure with the refusals */
  private amended(services: Service[]): Stack {
    return this.preparation.amended(this.input, services, this.observed!);
  }

  /** The jobs that this deployment started, except those that `on_rollback` has undone. */
  get jobs(): JobRun[] {
    const { started, finished } = this.interpreter;
    return jobRuns(this.plan?.phases ?? [], started, finished).filter(
      ({ service }) => !this.rollback.undone.has(service),
    );
  }

  /** Hashes of the jobs of its release, of those too that had run before. */
  get releaseJobs(): Record<string, string> {
    return hashesOfJobs(this.plan?.phases ?? []);
  }

  private async commitRelease(plan: Plan, { views }: StackObservation): Promise<void> {
    this.committed = true;
    this.context.steering.endPause(true);
    this.context.log.become('committing');
    const { input, jobs, rollout, interpreter } = this;
    const images = views.flatMap(({ observation }) => observation.images);
    const found = Object.fromEntries(
      images.filter(({ id }) => id).map(({ reference, ...image }) => [reference, image]),
    );
    await this.commit.perform({
      input,
      plan,
      jobs,
      images: { ...found, ...input.pinned, ...interpreter.images },
      retained: supersededInstances(plan, (name) => rollout.isTolerated(name)),
    });
  }

  /** An abort by a person rolls back even if the stack leaves failed deployments as they are. */
  private async rollBack(cause: Cause): Promise<RunResult> {
    const { plan, input, rollback } = this;
    const cancelled = cause.step === 'cancel';
    if (!plan) return { outcome: cancelled ? 'cancelled' : 'refused', cause, refusals: [] };
    if (!input.stack.deployment.rollbackOnFailure && !this.isAborted) return this.leaveAsIs(cause);
    if (!(await rollback.isAllowed(input, plan))) return this.leaveAsIs(cause);
    await this.context.routes.restore(input.stack);
    const { complete, rollbackMs } = await rollback.perform(input, plan);
    return {
      outcome: !complete ? 'rollback_incomplete' : cancelled ? 'cancelled' : 'rolled_back',
      cause,
      refusals: [],
      rollbackMs,
    };
  }

  /** Commits the current instances as the base of the next deployment. */
  private async leaveAsIs(cause: Cause): Promise<RunResult> {
    const { link, go } = this.context;
    await link.committed(go.release.from);
    await this.commit.settleTraffic(this.input);
    return { outcome: 'left_as_is', cause, refusals: [] };
  }
}
