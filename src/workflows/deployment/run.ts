import { CancellationScope, patched } from '@temporalio/workflow';
import type { StepContext } from '../../activities/contract';
import type { Service, Stack } from '../../model/stack';
import type { World } from '../../plan/hosts/view';
import { jobRuns, type JobRun } from '../../plan/service/job-runs';
import { changesAnything, type Plan, type Refusal } from '../../plan/plan';
import type { Planning } from '../../plan/planner';
import { settingsOf } from '../../plan/service/settings';
import type { Look } from '../hosts';
import type { Cause, DeploymentInput, Go, Outcome } from '../messages';
import type { Publisher } from '../support/publisher';
import { patches } from '../support/patches';
import { contextOf } from '../support/step-context';
import { DeploymentClock } from './steps/clock';
import type { ConfigReferences } from './steps/config-references';
import { Commit, goers } from './stages/commit';
import type { HostClaims } from './admission/host-claims';
import type { EnvironmentLink } from './admission/environment-link';
import { Rejection, StepFailure, toCause, withEvidence } from './steps/failure';
import { Freight } from './steps/payload-budget';
import { Interpreter } from './steps/interpreter';
import { Patience } from './steps/platform-retry';
import { Preparation } from './stages/preparation';
import type { ProgressLog } from './report/progress-log';
import type { Steering } from './people/steering';
import { clearFailedJobs, putBackUnfinished } from './stages/restore-unfinished';
import type { Remedy } from './people/failure-decision';
import { Retreat } from './stages/rollback';
import { summarise } from './report/summary';
import { Waits } from './steps/waiting-steps';
import { WayBack } from './steps/compensation';
import { WayForward } from './stages/rollout';

/** What the run of a deployment came to. */
export interface RunResult {
  outcome: Outcome;
  cause?: Cause;
  refusals: Refusal[];
  rollbackMs?: number;
}

export interface RunOptions {
  input: DeploymentInput;
  go: Go;
  log: ProgressLog;
  link: EnvironmentLink;
  ask: (text: string, answers: string[]) => Promise<string>;
  steering: Steering;
  remedy: Remedy;
  claims: HostClaims;
  publisher: Publisher;
  references: ConfigReferences;
}

/** One attempt to bring a release about, from the environment's word to the commit or the way back. */
export class DeploymentRun {
  readonly interpreter: Interpreter;
  readonly wayForward: WayForward;
  readonly wayBack: WayBack;
  readonly commit: Commit;
  readonly retreat: Retreat;
  private readonly preparation: Preparation;
  plan?: Plan;
  private readonly clock = new DeploymentClock();
  private forward = new CancellationScope({ cancellable: true });
  private readonly context: StepContext;
  private readonly waits: Waits;
  private readonly patience: Patience;
  private cause?: Cause;
  /** From here on nothing is rolled back. */
  committed = false;
  private input: DeploymentInput;
  /** What was there before the first step. */
  private world?: World;

  constructor(private readonly options: RunOptions) {
    const { input, go, log, link, ask, steering, publisher } = options;
    this.input = input;
    const { stack, pinned } = input;
    const patiently: Look = (taskQueue, look) => this.patiently(taskQueue, look);
    this.context = contextOf(stack, go.deployment);
    this.patience = new Patience(this.clock, stack.deployment.platformTimeoutMs);
    this.waits = new Waits({ context: this.context, clock: this.clock, log, steering, ask, publisher });
    this.interpreter = new Interpreter({
      context: this.context,
      references: options.references,
      freight: new Freight(JSON.stringify(this.context).length),
      pinned,
      log,
      clock: this.clock,
      patience: this.patience,
      ask,
      waits: this.waits,
    });
    this.wayBack = new WayBack(this.interpreter, stack.deployment.maxParallel);
    this.preparation = new Preparation({
      go,
      log,
      interpreter: this.interpreter,
      wayBack: this.wayBack,
      patiently,
      claims: options.claims,
    });
    this.wayForward = new WayForward({
      input,
      context: this.context,
      interpreter: this.interpreter,
      wayBack: this.wayBack,
      log,
      link,
      patiently,
    });
    this.retreat = new Retreat({ interpreter: this.interpreter, wayBack: this.wayBack, log, link, steering, ask });
    this.commit = new Commit({ go, context: this.context, link, wayBack: this.wayBack, patiently });
  }

  /**
   * Stops the way forward; what has begun is rolled back. Running jobs finish first. After the commit it is too late.
   */
  stop(cause: Cause): void {
    this.cause ??= cause;
    if (!this.committed) this.forward.cancel();
    this.options.remedy.decide({ kind: 'roll back' });
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
        if (this.mayWait(cause, failure.error) && (await this.isRemedied(cause))) continue;
        this.options.log.cause = cause;
        return await this.goBack(cause);
      }
    } finally {
      this.clock.stop();
    }
  }

  private async goForward(): Promise<RunResult> {
    this.world ??= await this.begin();
    return this.bringAbout(this.world);
  }

  private begin(): Promise<World> {
    const { timeoutMs } = this.input.stack.deployment;
    this.clock.start(timeoutMs, () =>
      this.stop({ step: 'timeout', message: `not done within ${timeoutMs / 1000} s (deployment.timeout_seconds)` }),
    );
    this.options.log.become('planning');
    return this.preparation.settleAndLook(this.input);
  }

  /** From what was there at first to the commit. What is done already is not done again. */
  private async bringAbout(world: World): Promise<RunResult> {
    const draft = this.preparation.draft(this.input, world);
    if (draft.refusals.length > 0) return { outcome: 'refused', refusals: draft.refusals };
    const { plan, refusals } = await this.planned(draft, world);
    if (refusals.length > 0) return { outcome: 'refused', refusals };
    this.plan = plan;
    this.options.log.plan = summarise(plan);
    if (!changesAnything(plan) && !this.saysSomethingNew()) {
      await this.commit.keepSchedules(this.input);
      return { outcome: 'unchanged', refusals: [] };
    }
    await this.wayForward.perform(plan);
    await this.waits.whilePaused();
    if (this.cause) throw new StepFailure(this.cause);
    await this.makeLasting(plan, world);
    return { outcome: 'succeeded', refusals: [] };
  }

  /** With all images, and with ports and room that nobody else takes. */
  private async planned(draft: Planning, world: World): Promise<Planning> {
    const { claims, go } = this.options;
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
    return this.patience.lost;
  }

  /** Another release may be wanted though no instance changes: of a health check, of who is told. */
  private saysSomethingNew(): boolean {
    const { intent, followsCurrent } = this.input;
    const { settings } = this.options.go;
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
  private async isRemedied(cause: Cause): Promise<boolean> {
    const {
      plan,
      interpreter,
      wayBack,
      clock,
      options: { log, go, publisher, remedy },
    } = this;
    this.cause = undefined;
    const unfinished = plan && { plan, failed: cause.service, interpreter, wayBack };
    const back = unfinished ? await putBackUnfinished(unfinished) : [];
    if (back.length > 0) log.note(`${back.join(', ')} put back until somebody has decided`);
    if (this.isStopped()) return false;
    publisher.publish(
      'deployment.waiting',
      go.deployment,
      `deployment ${go.deployment} has failed and waits: ${cause.message}`,
      { cause },
    );
    const decision = await clock.during(() => remedy.await(cause, this.input.stack.deployment.waitOnFailureMs!));
    if (decision.kind === 'roll back' || this.isStopped()) return false;
    if (unfinished) await clearFailedJobs(unfinished);
    if (decision.kind === 'amend') this.input = { ...this.input, stack: this.amended(decision.services) };
    interpreter.interrupted.length = 0;
    this.forward = new CancellationScope({ cancellable: true });
    clock.renew();
    return !this.isStopped();
  }

  /** Somebody has stopped it; also while it waited for somebody else. */
  private isStopped(): boolean {
    return this.cause !== undefined;
  }

  /** The stack with services as they shall be. @throws ApplicationFailure where that cannot be, with the reasons */
  amended(services: Service[]): Stack {
    return this.preparation.amended(this.input, services, this.world!);
  }

  /** A look that is no step. */
  patiently<T>(taskQueue: string, look: () => Promise<T>): Promise<T> {
    return this.patience.look(taskQueue, look, (message) =>
      this.options.log.note(`waits for the platform: ${message}`),
    );
  }

  /** The jobs that this deployment ran, or began to, and that no command has undone. */
  get jobs(): JobRun[] {
    const { begun, done } = this.interpreter;
    return jobRuns(this.plan?.phases ?? [], begun, done).filter(({ service }) => !this.retreat.undone.has(service));
  }

  private async makeLasting(plan: Plan, { views }: World): Promise<void> {
    this.committed = true;
    this.options.steering.letGo(true);
    this.options.log.become('committing');
    const { input, jobs, wayForward, interpreter } = this;
    const images = views.flatMap(({ observation }) => observation.images);
    const found = Object.fromEntries(
      images.filter(({ id }) => id).map(({ reference, ...image }) => [reference, image]),
    );
    await this.commit.perform({
      input,
      plan,
      jobs,
      images: { ...found, ...input.pinned, ...interpreter.images },
      stays: goers(plan, (name) => wayForward.isTolerated(name)),
    });
  }

  /** A rollback that a person insists on is done also where failed deployments are left as they are. */
  private async goBack(cause: Cause): Promise<RunResult> {
    const { plan, input, retreat } = this;
    const cancelled = cause.step === 'cancel';
    if (!plan) return { outcome: cancelled ? 'cancelled' : 'refused', cause, refusals: [] };
    if (!input.stack.deployment.rollbackOnFailure && !this.isAborted()) return this.leaveAsIs(cause);
    if (!(await retreat.isAllowed(input, plan))) return this.leaveAsIs(cause);
    const { complete, rollbackMs } = await retreat.perform(input, plan);
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
    const { link, go } = this.options;
    await link.committed(go.release.from);
    return { outcome: 'left_as_is', cause, refusals: [] };
  }
}
