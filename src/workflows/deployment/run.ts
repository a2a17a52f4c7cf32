import { CancellationScope, patched } from '@temporalio/workflow';
import type { StepContext } from '../../activities/contract';
import type { Observation } from '../../model/observation';
import { jobRuns, type JobRun } from '../../plan/job-runs';
import { changesAnything, lanesOf, servicesOf, type Lane, type Plan, type Refusal, type Step } from '../../plan/plan';
import { makePlan, type Planning } from '../../plan/planner';
import { planRollback } from '../../plan/rollback';
import { planSettlement } from '../../plan/settlement';
import { StepFactory } from '../../plan/steps';
import { activity } from '../activity-options';
import type { PinnedImages } from '../../model/images';
import type { Cause, DeploymentInput, Go, Outcome } from '../messages';
import { patches } from '../patches';
import type { Publisher } from '../publisher';
import { contextOf } from '../step-context';
import { DeploymentClock } from './clock';
import type { EnvironmentLink } from './environment-link';
import { StepFailure, toCause, toProblem } from './failure';
import { Interpreter } from './interpreter';
import { keepRelease } from './keep-release';
import { keepSchedules } from './keep-schedules';
import { runSteps } from './lanes';
import { Patience } from './patience';
import type { ProgressLog } from './progress-log';
import type { Steering } from './steering';
import { summarise } from './summary';
import { Waits } from './waits';
import { WayBack } from './way-back';
import { WayForward } from './way-forward';

const removedTogether = 10;

/** What the run of a deployment came to. */
export interface RunResult {
  outcome: Outcome;
  cause?: Cause;
  refusals: Refusal[];
  rollbackMs?: number;
}

/** One attempt to bring a release about, from the environment's word to the commit or the way back. */
export class DeploymentRun {
  readonly notUndone: string[] = [];
  readonly interpreter: Interpreter;
  readonly wayForward: WayForward;
  readonly wayBack: WayBack;
  plan?: Plan;
  private readonly clock = new DeploymentClock();
  private readonly forward = new CancellationScope({ cancellable: true });
  private readonly context: StepContext;
  private readonly waits: Waits;
  private readonly patience: Patience;
  private cause?: Cause;
  /** From here on nothing is rolled back. */
  committed = false;
  /** Jobs that their `on_rollback` command has undone. */
  private readonly undone = new Set<string>();
  /** Names of the schedules that come from the stack file, once they are in step with it. */
  schedules?: string[];
  /** Images found on the host before anything was pulled. */
  private images: PinnedImages = {};

  constructor(
    private readonly input: DeploymentInput,
    private readonly go: Go,
    private readonly log: ProgressLog,
    private readonly link: EnvironmentLink,
    private readonly ask: (text: string, answers: string[]) => Promise<string>,
    private readonly steering: Steering,
    publisher: Publisher,
  ) {
    const { stack, pinned } = input;
    this.context = contextOf(stack, go.deployment);
    this.patience = new Patience(this.clock, stack.deployment.platformTimeoutMs);
    this.waits = new Waits({ context: this.context, clock: this.clock, log, steering, ask, publisher });
    this.interpreter = new Interpreter({ context: this.context, pinned, log, clock: this.clock, patience: this.patience, ask, waits: this.waits });
    this.wayBack = new WayBack(this.interpreter, stack.deployment.maxParallel);
    this.wayForward = new WayForward({ input, context: this.context, interpreter: this.interpreter, wayBack: this.wayBack, log, link, patiently: (look) => this.patiently(look) });
  }

  /** Stops the way forward; what has begun is rolled back. Running jobs finish first. After the commit it is too late. */
  stop(cause: Cause): void {
    this.cause ??= cause;
    if (!this.committed) this.forward.cancel();
  }

  async execute(): Promise<RunResult> {
    try {
      return await this.forward.run(() => this.goForward());
    } catch (error) {
      const cause = this.withEvidence(this.cause ?? toCause(error, { id: this.plan ? 'deploy' : 'plan' }));
      this.log.cause = cause;
      return await this.goBack(cause);
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
    this.clock.start(this.input.stack.deployment.timeoutMs, () => this.stop({ step: 'timeout', message: `not done within ${this.input.stack.deployment.timeoutMs / 1000} s (deployment.timeout_seconds)` }));
    this.log.become('planning');
    const observation = await this.settleAndObserve();
    this.images = Object.fromEntries(observation.images.filter(({ id }) => id).map(({ reference, ...image }) => [reference, image]));
    const draft = this.makePlan(observation);
    if (draft.refusals.length > 0) return { outcome: 'refused', refusals: draft.refusals };
    const { plan } = await this.withImages(draft, observation);
    this.plan = plan;
    this.log.plan = summarise(plan);
    if (!changesAnything(plan)) {
      await this.keepSchedules();
      return { outcome: 'unchanged', refusals: [] };
    }
    await this.wayForward.perform(plan);
    await this.waits.whilePaused();
    if (this.cause) throw new StepFailure(this.cause);
    await this.commit(plan);
    return { outcome: 'succeeded', refusals: [] };
  }

  /** What a deployment that ended without a word left behind is put back first. */
  private async settleAndObserve(): Promise<Observation> {
    const observation = await this.observe('observe what runs');
    const { stack, taskQueue } = this.input;
    const settlement = planSettlement({ observation, committed: this.go.committed, runtime: stack.runtime, taskQueue });
    if (settlement.stages.length === 0) return observation;
    this.log.note('an earlier deployment ended without a word; putting back what it left');
    await this.wayBack.perform(settlement);
    this.interpreter.forget();
    return this.observe('observe what runs after that');
  }

  private observe(summary: string): Promise<Observation> {
    const { stack, pinned, taskQueue } = this.input;
    return this.patiently(() => activity('observe', taskQueue, summary)(stack, pinned));
  }

  /** A look that is no step. */
  patiently<T>(look: () => Promise<T>): Promise<T> {
    return this.patience.look(look, (message) => this.log.note(`waits for the platform: ${message}`));
  }

  private makePlan(observation: Observation): Planning {
    const { stack, intent, taskQueue, target } = this.input;
    const { deployment, release, jobs } = this.go;
    return makePlan({ stack, observation, intent, deployment, release: { from: release.from, to: target ?? (intent.kind === 'deploy' ? release.next : (release.from ?? release.next)) }, jobs, taskQueue });
  }

  /** All images are there before the first instance stops. Only then is it known what changes. */
  private async withImages({ plan }: Planning, observation: Observation): Promise<Planning> {
    if (plan.pulls.length === 0) return this.makePlan(observation);
    this.log.plan = summarise(plan);
    this.log.become('pulling');
    await runSteps(plan.pulls, plan.maxParallel, (lane) => this.interpreter.lane(lane));
    const pulled = Object.entries(this.interpreter.images).map(([reference, image]) => ({ reference, ...image }));
    return this.makePlan({ ...observation, images: [...observation.images.filter(({ reference }) => !this.interpreter.images[reference]), ...pulled] });
  }

  /** The jobs that this deployment ran, or began to, and that no command has undone. */
  get jobs(): JobRun[] {
    const { begun, done } = this.interpreter;
    return jobRuns(this.plan?.phases ?? [], begun, done).filter(({ service }) => !this.undone.has(service));
  }

  /** The point of no return: the environment is told first, then the release is kept, then what was retired goes. Nothing here rolls back. */
  private async commit(plan: Plan): Promise<void> {
    const { input, link, wayBack } = this;
    this.committed = true;
    this.steering.letGo(true);
    this.log.become('committing');
    await CancellationScope.nonCancellable(async () => {
      await link.committed(input.intent.kind === 'stop' && !input.intent.services ? undefined : plan.release.to);
      await this.holdImages(plan);
      if (input.intent.kind === 'deploy') {
        await keepRelease(input, plan, this.jobs, { ...this.images, ...input.pinned, ...this.interpreter.images }, link).catch((error: Error) => wayBack.leftBehind.push(`release ${plan.release.to} is not kept: ${error.message}`));
      }
      await this.keepSchedules();
      const kept = new Set(servicesOf(plan.phases).filter(({ name }) => this.wayForward.isTolerated(name)).flatMap(({ goes }) => goes));
      const steps = plan.cleanup.filter((step) => !(step.kind === 'remove' && kept.has(step.instance.name)));
      const others = steps.filter(({ kind }) => kind !== 'remove');
      await wayBack.collect(this.removals(plan, steps));
      await wayBack.collect(others.map((step) => [step]));
    });
  }

  private async keepSchedules(): Promise<void> {
    this.schedules = await keepSchedules(this.input, this.go).catch((error: Error) => {
      this.wayBack.leftBehind.push(`schedules: ${toProblem(error).message}`);
      return [...new Set([...(this.go.schedules ?? []), ...(this.input.stack.schedules ?? []).map(({ name }) => name)])];
    });
  }

  /** What was retired goes a few at a time: an activity for each would cost more than its removal. */
  private removals(plan: Plan, steps: Step[]): Lane[] {
    const removals = steps.filter((step) => step.kind === 'remove');
    if (!patched(patches.removeTogether) || removals.length < 2) return removals.map((step) => [step]);
    const factory = new StepFactory(plan.host, this.input.taskQueue);
    return chunks(removals, removedTogether).map((chunk) => [factory.make({ kind: 'remove-together', instances: chunk.flatMap((step) => (step.kind === 'remove' ? [step.instance] : [])) })]);
  }

  /** What ran until now is still in use by its instances: before they go, a kept release's images whose tags have moved are held. */
  private async holdImages(plan: Plan): Promise<void> {
    const { releases } = this.go;
    if (releases.length === 0 || !plan.cleanup.some(({ kind }) => kind === 'remove')) return;
    await this.patiently(() => activity('holdImages', this.input.taskQueue, `keep the images of release ${releases.join(', ')}`)(this.context, releases)).catch((error: Error) => this.wayBack.leftBehind.push(`images of kept releases: ${error.message}`));
  }

  private async goBack(cause: Cause): Promise<RunResult> {
    const { plan } = this;
    const cancelled = cause.step === 'cancel';
    if (!plan) return { outcome: cancelled ? 'cancelled' : 'refused', cause, refusals: [] };
    if (!this.input.stack.deployment.rollbackOnFailure && !cancelled) return this.leaveAsIs(cause);
    if ((await this.mayRollBack(plan)) === 'leave as is') return this.leaveAsIs(cause);
    const begin = Date.now();
    this.steering.letGo(true);
    this.log.become('rolling_back');
    const onRollback = Object.fromEntries(Object.values(this.input.stack.services).map((service) => [service.name, service.onRollback]));
    const { begun, done } = this.interpreter;
    const back = planRollback({ plan, begun, done, onRollback, taskQueue: this.input.taskQueue });
    await this.wayBack.perform(back);
    this.notUndone.push(...back.notUndone);
    for (const step of back.stages.flatMap(({ lanes }) => lanes.flat())) if (step.kind === 'run-job' && done.has(step.id)) this.undone.add(step.instance.service);
    const complete = this.wayBack.leftBehind.length === 0;
    const rollbackMs = Date.now() - begin;
    this.link.rolledBack(complete, rollbackMs);
    return { outcome: !complete ? 'rollback_incomplete' : cancelled ? 'cancelled' : 'rolled_back', cause, refusals: [], rollbackMs };
  }

  /** What runs now is what the next deployment starts from. */
  private async leaveAsIs(cause: Cause): Promise<RunResult> {
    await this.link.committed(this.go.release.from);
    return { outcome: 'left_as_is', cause, refusals: [] };
  }

  /** A job with `on_rollback: refuse` that ran makes the rollback wait for a person. */
  private async mayRollBack(plan: Plan): Promise<string> {
    const ran = servicesOf(plan.phases).filter((service) => this.input.stack.services[service.name]?.onRollback === 'refuse' && lanesOf(service).flat().some(({ kind, id }) => kind === 'run-job' && this.interpreter.begun.has(id)));
    if (ran.length === 0) return 'roll back';
    return this.ask(`${ran.map(({ name }) => name).join(', ')} ran, and on_rollback is refuse. Roll the rest back?`, ['roll back', 'leave as is']);
  }
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size));
}
