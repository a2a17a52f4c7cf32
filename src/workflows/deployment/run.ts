import { ApplicationFailure, CancellationScope, patched } from '@temporalio/workflow';
import type { Service, Stack } from '../../model/stack';
import type { StackObservation } from '../../plan/hosts/view';
import { jobRuns, type JobRun } from '../../plan/service/job-runs';
import { changesAnything, type Plan, type Refusal } from '../../plan/plan';
import type { Planning } from '../../plan/planner';
import { settingsOf } from '../../plan/service/settings';
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

/** What the run of a deployment came to. */
export interface RunResult {
  outcome: Outcome;
  cause?: Cause;
  refusals: Refusal[];
  rollbackMs?: number;
}

/** One attempt to bring a release about, from the environment's word to the commit or the way back. */
export class DeploymentRun {
  readonly interpreter: Interpreter;
  readonly rollout: Rollout;
  readonly compensation: Compensation;
  readonly commit: Commit;
  readonly rollback: Rollback;
  private readonly preparation: Preparation;
  plan?: Plan;
  private forward = new CancellationScope({ cancellable: true });
  readonly context: DeploymentContext;
  private readonly waitingSteps: WaitingSteps;
  private cause?: Cause;
  /** From here on nothing is rolled back. */
  committed = false;
  private input: DeploymentInput;
  /** What was there before the first step. */
  private world?: StackObservation;

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
   * Stops the way forward; what has begun is rolled back. Running jobs finish first. After the commit it is too late.
   */
  stop(cause: Cause): void {
    this.cause ??= cause;
    if (!this.committed) this.forward.cancel();
    this.context.failureDecision.decide({ kind: 'roll back' });
  }

  async execute(): Promise<RunResult> {
    try {
      for (;;) {
        const failure = await this.forward.run(() => this.goForward()).catch((error: unknown) => ({ error }));
        if ('outcome' in failure) return failure;
        const cause = withEvidence(
          this.cause ?? toCause(failure.error, { id: this.plan ? 'deploy' : 'plan' }),
          this.interpreter.interrupted,
        );
        if (this.mayWait(cause, failure.error) && (await this.awaitDecision(cause))) continue;
        this.context.log.cause = cause;
        return await this.goBack(cause);
      }
    } finally {
      this.context.clock.stop();
    }
  }

  private async goForward(): Promise<RunResult> {
    this.world ??= await this.begin();
    return this.deployPlan(this.world);
  }

  private begin(): Promise<StackObservation> {
    const { timeoutMs } = this.input.stack.deployment;
    this.context.clock.start(timeoutMs, () =>
      this.stop({ step: 'timeout', message: `not done within ${timeoutMs / 1000} s (deployment.timeout_seconds)` }),
    );
    this.context.log.become('planning');
    return this.preparation.settleAndLook(this.input);
  }

  /** From what was there at first to the commit. What is done already is not done again. */
  private async deployPlan(world: StackObservation): Promise<RunResult> {
    const draft = this.preparation.draft(this.input, world);
    if (draft.refusals.length > 0) return { outcome: 'refused', refusals: draft.refusals };
    const { plan, refusals } = await this.planned(draft, world);
    if (refusals.length > 0) return { outcome: 'refused', refusals };
    this.plan = plan;
    this.context.log.plan = summarise(plan);
    if (!changesAnything(plan) && !this.saysSomethingNew()) {
      await this.commit.keepSchedules(this.input);
      return { outcome: 'unchanged', refusals: [] };
    }
    await this.rollout.perform(plan);
    await this.waitingSteps.whilePaused();
    if (this.cause) throw new StepFailure(this.cause);
    await this.commitRelease(plan, world);
    return { outcome: 'succeeded', refusals: [] };
  }

  /** With all images, and with ports and room that nobody else takes. */
  private async planned(draft: Planning, world: StackObservation): Promise<Planning> {
    const { claims, go } = this.context;
    const { name, environment } = this.input.stack;
    const planning = await this.preparation.withImages(this.input, draft, world);
    if (claims.areMade || !changesAnything(planning.plan) || !patched(patches.hostClaims)) return planning;
    const secured = await claims.secure(
      this.input.stack,
      world,
      `deployment ${go.deployment} of ${name}/${environment}`,
      planning,
      (around) => this.preparation.withImages(this.input, this.preparation.draft(this.input, around), around),
    );
    this.world = secured.world;
    return secured.planning;
  }

  /** What hosts did not do in all the time that it waited for them, by task queue. */
  get lost(): ReadonlyMap<string, string> {
    return this.context.platformRetry.lost;
  }

  /** Another release may be wanted though no instance changes: of a health check, of who is told. */
  private saysSomethingNew(): boolean {
    const { intent, followsCurrent } = this.input;
    const { settings } = this.context.go;
    const isWhole = (intent.kind === 'deploy' || intent.kind === 'rollback') && !intent.services && !followsCurrent;
    return isWhole && settings !== undefined && settings !== this.said.settings;
  }

  /** What its environment remembers of its stack. */
  get said(): { settings: string; hosts?: string[] } {
    const { hosts } = this.input.stack;
    return { settings: settingsOf(this.input.stack), ...(hosts && { hosts: hosts.map(({ name }) => name) }) };
  }

  /** Where a person has decided, or nobody stands by, there is nobody to wait for. */
  private mayWait({ step }: Cause, error: unknown): boolean {
    const { waitOnFailureMs = 0 } = this.input.stack.deployment;
    return (
      waitOnFailureMs > 0 &&
      !this.input.automatic &&
      this.world !== undefined &&
      step !== 'cancel' &&
      !(error instanceof Rejection)
    );
  }

  /** Waits for a person; true where the deployment goes on. */
  private async awaitDecision(cause: Cause): Promise<boolean> {
    const {
      plan,
      interpreter,
      compensation,
      context: { log, go, failureDecision, clock },
    } = this;
    this.cause = undefined;
    const unfinished = plan && { plan, failed: cause.service, interpreter, compensation };
    const back = unfinished ? await restoreUnfinished(unfinished) : [];
    if (back.length > 0) log.note(`${back.join(', ')} put back until somebody has decided`);
    if (this.isStopped()) return false;
    const message = `deployment ${go.deployment} has failed and waits: ${cause.message}`;
    log.report({ code: 'deployment.waiting', data: { message, cause } });
    const decision = await clock.during(() =>
      failureDecision.await(cause, this.input.stack.deployment.waitOnFailureMs!),
    );
    if (decision.kind === 'roll back' || this.isStopped()) return false;
    if (unfinished) await clearFailedJobs(unfinished);
    if (decision.kind === 'amend') {
      if (unfinished) await restoreAmended(unfinished, new Set(decision.services.map(({ name }) => name)));
      this.input = { ...this.input, stack: this.amended(decision.services) };
    }
    interpreter.interrupted.length = 0;
    this.forward = new CancellationScope({ cancellable: true });
    clock.renew();
    return !this.isStopped();
  }

  /** Somebody has stopped it; also while it waited for somebody else. */
  private isStopped(): boolean {
    return this.cause !== undefined;
  }

  /** @throws ApplicationFailure where services cannot be amended so, with the reasons */
  checkAmendment(services: Service[]): void {
    const { plan, interpreter } = this;
    const ran = services.filter(({ name }) => plan !== undefined && hasRun({ plan, interpreter }, name));
    if (ran.length > 0) {
      const names = ran.map(({ name }) => name).join(', ');
      throw ApplicationFailure.nonRetryable(
        `${names} has run already in this deployment; amend the others`,
        'NothingToAmend',
      );
    }
    this.amended(services);
  }

  /** The stack with services as they shall be. @throws ApplicationFailure where that cannot be, with the reasons */
  private amended(services: Service[]): Stack {
    return this.preparation.amended(this.input, services, this.world!);
  }

  /** The jobs that this deployment ran, or began to, and that no command has undone. */
  get jobs(): JobRun[] {
    const { started, finished } = this.interpreter;
    return jobRuns(this.plan?.phases ?? [], started, finished).filter(
      ({ service }) => !this.rollback.undone.has(service),
    );
  }

  private async commitRelease(plan: Plan, { views }: StackObservation): Promise<void> {
    this.committed = true;
    this.context.steering.letGo(true);
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

  /** A rollback that a person insists on is done also where failed deployments are left as they are. */
  private async goBack(cause: Cause): Promise<RunResult> {
    const { plan, input, rollback } = this;
    const cancelled = cause.step === 'cancel';
    if (!plan) return { outcome: cancelled ? 'cancelled' : 'refused', cause, refusals: [] };
    if (!input.stack.deployment.rollbackOnFailure && !this.isAborted()) return this.leaveAsIs(cause);
    if (!(await rollback.isAllowed(input, plan))) return this.leaveAsIs(cause);
    const { complete, rollbackMs } = await rollback.perform(input, plan);
    return {
      outcome: !complete ? 'rollback_incomplete' : cancelled ? 'cancelled' : 'rolled_back',
      cause,
      refusals: [],
      rollbackMs,
    };
  }

  private isAborted(): boolean {
    return this.cause?.step === 'cancel';
  }

  /** What runs now is what the next deployment starts from. */
  private async leaveAsIs(cause: Cause): Promise<RunResult> {
    const { link, go } = this.context;
    await link.committed(go.release.from);
    return { outcome: 'left_as_is', cause, refusals: [] };
  }
}
