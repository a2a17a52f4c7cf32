import { ApplicationFailure, CancellationScope } from '@temporalio/workflow';
import type { StepContext } from '../../activities/contract';
import type { Service, Stack } from '../../config/stack';
import type { Observation } from '../../model/observation';
import { amend } from '../../plan/amendment';
import { jobRuns, type JobRun } from '../../plan/job-runs';
import { changesAnything, type Plan, type Refusal } from '../../plan/plan';
import { settingsOf } from '../../plan/settings';
import { makePlan, type Planning } from '../../plan/planner';
import { planSettlement } from '../../plan/settlement';
import { activity } from '../activity-options';
import type { Cause, DeploymentInput, Go, Outcome } from '../messages';
import type { Publisher } from '../publisher';
import { contextOf } from '../step-context';
import { DeploymentClock } from './clock';
import { Commit, goers } from './commit';
import type { EnvironmentLink } from './environment-link';
import { Rejection, StepFailure, toCause } from './failure';
import { Interpreter } from './interpreter';
import { runSteps } from './lanes';
import { Patience } from './patience';
import type { ProgressLog } from './progress-log';
import type { Steering } from './steering';
import { clearFailedJobs, putBackUnfinished } from './put-back';
import type { Remedy } from './remedy';
import { Retreat } from './retreat';
import { summarise } from './summary';
import { Waits } from './waits';
import { WayBack } from './way-back';
import { WayForward } from './way-forward';

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
  publisher: Publisher;
}

/** One attempt to bring a release about, from the environment's word to the commit or the way back. */
export class DeploymentRun {
  readonly interpreter: Interpreter;
  readonly wayForward: WayForward;
  readonly wayBack: WayBack;
  readonly commit: Commit;
  readonly retreat: Retreat;
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
  private observation?: Observation;

  constructor(private readonly options: RunOptions) {
    const { input, go, log, link, ask, steering, publisher } = options;
    this.input = input;
    const { stack, pinned } = input;
    const patiently = <T>(look: () => Promise<T>) => this.patiently(look);
    this.context = contextOf(stack, go.deployment);
    this.patience = new Patience(this.clock, stack.deployment.platformTimeoutMs);
    this.waits = new Waits({ context: this.context, clock: this.clock, log, steering, ask, publisher });
    this.interpreter = new Interpreter({ context: this.context, pinned, log, clock: this.clock, patience: this.patience, ask, waits: this.waits });
    this.wayBack = new WayBack(this.interpreter, stack.deployment.maxParallel);
    this.wayForward = new WayForward({ input, context: this.context, interpreter: this.interpreter, wayBack: this.wayBack, log, link, patiently });
    this.retreat = new Retreat({ interpreter: this.interpreter, wayBack: this.wayBack, log, link, steering, ask });
    this.commit = new Commit({ go, context: this.context, link, wayBack: this.wayBack, patiently });
  }

  /** Stops the way forward; what has begun is rolled back. Running jobs finish first. After the commit it is too late. */
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
        const cause = this.withEvidence(this.cause ?? toCause(failure.error, { id: this.plan ? 'deploy' : 'plan' }));
        if (this.mayWait(cause, failure.error) && (await this.isRemedied(cause))) continue;
        this.options.log.cause = cause;
        return await this.goBack(cause);
      }
    } finally {
      this.clock.stop();
    }
  }

  /** Out of time: what was waited for says why. */
  private withEvidence(cause: Cause): Cause {
    const { interrupted } = this.interpreter;
    const [first] = interrupted;
    if (cause.step !== 'timeout' || !first) return cause;
    return { ...cause, service: first.service, message: `${cause.message}; not done: ${interrupted.map(({ step }) => step).join(', ')}`, evidence: first.evidence };
  }

  private async goForward(): Promise<RunResult> {
    this.observation ??= await this.lookAround();
    return this.bringAbout(this.observation);
  }

  private async lookAround(): Promise<Observation> {
    const { timeoutMs } = this.input.stack.deployment;
    this.clock.start(timeoutMs, () => this.stop({ step: 'timeout', message: `not done within ${timeoutMs / 1000} s (deployment.timeout_seconds)` }));
    this.options.log.become('planning');
    return this.settleAndObserve();
  }

  /** From what was there at first to the commit. What is done already is not done again. */
  private async bringAbout(observation: Observation): Promise<RunResult> {
    const draft = this.makePlan(observation);
    if (draft.refusals.length > 0) return { outcome: 'refused', refusals: draft.refusals };
    const { plan } = await this.withImages(draft, observation);
    this.plan = plan;
    this.options.log.plan = summarise(plan);
    if (!changesAnything(plan) && !this.saysSomethingNew()) {
      await this.commit.keepSchedules(this.input);
      return { outcome: 'unchanged', refusals: [] };
    }
    await this.wayForward.perform(plan);
    await this.waits.whilePaused();
    if (this.cause) throw new StepFailure(this.cause);
    await this.makeLasting(plan, observation);
    return { outcome: 'succeeded', refusals: [] };
  }

  /** Another release may be wanted though no instance changes: of a health check, of who is told. */
  private saysSomethingNew(): boolean {
    const { intent, followsCurrent } = this.input;
    const { settings } = this.options.go;
    const isWhole = (intent.kind === 'deploy' || intent.kind === 'rollback') && !intent.services && !followsCurrent;
    return isWhole && settings !== undefined && settings !== this.settings;
  }

  /** Stands for what its stack says. */
  get settings(): string {
    return settingsOf(this.input.stack);
  }

  /** Where a person has decided, or nobody stands by, there is nobody to wait for. */
  private mayWait({ step }: Cause, error: unknown): boolean {
    const { waitOnFailureMs = 0 } = this.input.stack.deployment;
    return waitOnFailureMs > 0 && !this.input.automatic && this.observation !== undefined && step !== 'cancel' && !(error instanceof Rejection);
  }

  /** Waits for a person; true where the deployment goes on. */
  private async isRemedied(cause: Cause): Promise<boolean> {
    const { plan, interpreter, wayBack, clock, options: { log, go, publisher, remedy } } = this;
    this.cause = undefined;
    const unfinished = plan && { plan, failed: cause.service, interpreter, wayBack, taskQueue: this.input.taskQueue };
    const back = unfinished ? await putBackUnfinished(unfinished) : [];
    if (back.length > 0) log.note(`${back.join(', ')} put back until somebody has decided`);
    if (this.isStopped()) return false;
    publisher.publish('deployment.waiting', go.deployment, `deployment ${go.deployment} has failed and waits: ${cause.message}`, { cause });
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
    const amended = amend(this.input.stack, services);
    const refusals = 'stack' in amended ? this.makePlan(this.observation!, amended.stack).refusals.map(({ path, message }) => `${path}: ${message}`) : amended.refusals;
    if (!('stack' in amended) || refusals.length > 0) throw ApplicationFailure.nonRetryable(refusals.join('\n'), 'NothingToAmend');
    return amended.stack;
  }

  /** What a deployment that ended without a word left behind is put back first. */
  private async settleAndObserve(): Promise<Observation> {
    const observation = await this.observe('observe what runs');
    const { stack, taskQueue } = this.input;
    const settlement = planSettlement({ observation, committed: this.options.go.committed, runtime: stack.runtime, taskQueue });
    if (settlement.stages.length === 0) return observation;
    this.options.log.note('an earlier deployment ended without a word; putting back what it left');
    await this.wayBack.perform(settlement);
    this.interpreter.forgetAll();
    return this.observe('observe what runs after that');
  }

  private observe(summary: string): Promise<Observation> {
    const { stack, pinned, taskQueue } = this.input;
    return this.patiently(() => activity('observe', taskQueue, summary)(stack, pinned));
  }

  /** A look that is no step. */
  patiently<T>(look: () => Promise<T>): Promise<T> {
    return this.patience.look(look, (message) => this.options.log.note(`waits for the platform: ${message}`));
  }

  private makePlan(observation: Observation, stack = this.input.stack): Planning {
    const { intent, taskQueue, target } = this.input;
    const { deployment, release, jobs } = this.options.go;
    return makePlan({ stack, observation, intent, deployment, release: { from: release.from, to: target ?? (intent.kind === 'deploy' ? release.next : (release.from ?? release.next)) }, jobs, taskQueue });
  }

  /** All images are there before the first instance stops. Only then is it known what changes. */
  private async withImages({ plan }: Planning, observation: Observation): Promise<Planning> {
    if (plan.pulls.length === 0) return this.makePlan(observation);
    const pulls = this.interpreter.rest(plan.pulls);
    if (pulls.length > 0) {
      this.options.log.plan = summarise(plan);
      this.options.log.become('pulling');
      await runSteps(pulls, plan.maxParallel, (lane) => this.interpreter.lane(lane));
    }
    const pulled = Object.entries(this.interpreter.images).map(([reference, image]) => ({ reference, ...image }));
    return this.makePlan({ ...observation, images: [...observation.images.filter(({ reference }) => !this.interpreter.images[reference]), ...pulled] });
  }

  /** The jobs that this deployment ran, or began to, and that no command has undone. */
  get jobs(): JobRun[] {
    const { begun, done } = this.interpreter;
    return jobRuns(this.plan?.phases ?? [], begun, done).filter(({ service }) => !this.retreat.undone.has(service));
  }

  private async makeLasting(plan: Plan, { images }: Observation): Promise<void> {
    this.committed = true;
    this.options.steering.letGo(true);
    this.options.log.become('committing');
    const { input, jobs, wayForward, interpreter } = this;
    const found = Object.fromEntries(images.filter(({ id }) => id).map(({ reference, ...image }) => [reference, image]));
    await this.commit.perform({ input, plan, jobs, images: { ...found, ...input.pinned, ...interpreter.images }, stays: goers(plan, (name) => wayForward.isTolerated(name)) });
  }

  /** A rollback that a person insists on is done also where failed deployments are left as they are. */
  private async goBack(cause: Cause): Promise<RunResult> {
    const { plan, input, retreat } = this;
    const cancelled = cause.step === 'cancel';
    if (!plan) return { outcome: cancelled ? 'cancelled' : 'refused', cause, refusals: [] };
    if (!input.stack.deployment.rollbackOnFailure && !this.isAborted()) return this.leaveAsIs(cause);
    if (!(await retreat.isAllowed(input, plan))) return this.leaveAsIs(cause);
    const { complete, rollbackMs } = await retreat.perform(input, plan);
    return { outcome: !complete ? 'rollback_incomplete' : cancelled ? 'cancelled' : 'rolled_back', cause, refusals: [], rollbackMs };
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
