import { CancellationScope, isCancellation, patched } from '@temporalio/workflow';
import type { NotRunning } from '../../../activities/contract';
import { toRef } from '../../../plan/service/instance-spec';
import {
  lanesOf,
  servicesOf,
  withOnly,
  type Lane,
  type Plan,
  type PlannedPhase,
  type PlannedService,
  type StepOf,
} from '../../../plan/plan';
import { planRollback } from '../../../plan/undo/rollback';
import { counted } from '../../../model/text';
import { activity } from '../../support/activity-options';
import { all } from '../../hosts';
import { patches } from '../../support/patches';
import { sleep } from '../../support/serialised-events';
import type { Cause } from '../../messages';
import type { DeploymentContext } from '../context';
import { StepFailure, toCause } from '../steps/failure';
import type { Interpreter } from '../steps/interpreter';
import { runServices, runSteps } from '../steps/lanes';
import { isWatched, RolloutWatch } from './rollout-watch';
import type { Compensation } from '../steps/compensation';

const settleMs = 1000;

type Start = StepOf<'start' | 'update'>;

/**
 * Performs the remaining steps of a plan phase by phase, up to the final check before the commit. A service with
 * `on_failure: continue` fails alone.
 */
export class Rollout {
  /** Failures of services that failed alone. */
  readonly tolerated: Cause[] = [];
  /** Services that have completed, with the fingerprint of their instances. */
  readonly completed: Record<string, string> = {};
  /** The failure that ends it, as soon as it is known: running jobs finish first. */
  failure?: Cause;
  private lastStart = 0;
  private lastConfirmation = 0;
  private readonly watch: RolloutWatch;

  constructor(
    private readonly context: DeploymentContext,
    private readonly interpreter: Interpreter,
    private readonly compensation: Compensation,
  ) {
    this.watch = new RolloutWatch(context, interpreter, {
      isTolerated: (name) => this.isTolerated(name),
      tolerate: (failure, service) => this.tolerate(failure, service),
      fail: (cause) => this.fail(cause),
    });
  }

  async perform(plan: Plan): Promise<void> {
    const { interpreter } = this;
    const { log } = this.context;
    this.tolerated.length = 0;
    this.failure = undefined;
    log.failing = undefined;
    log.become('deploying');
    this.lastConfirmation = Date.now();
    await runSteps(interpreter.remaining(plan.preparation), plan.maxParallel, (lane) => interpreter.lane(lane));
    await this.watch.during(plan, async () => {
      for (const phase of plan.phases) await this.deployPhase(phase, plan);
      await this.performTails(plan);
      await interpreter.whilePaused();
      do await this.confirm(plan);
      while (await interpreter.whilePaused());
    });
    await this.rollBackTolerated(plan);
  }

  isTolerated(name: string): boolean {
    return this.tolerated.some(({ service }) => service === name);
  }

  private async deployPhase(phase: PlannedPhase, plan: Plan): Promise<void> {
    const { number, services } = phase;
    const begin = Date.now();
    const left = services.flatMap(({ stages }) => this.interpreter.remaining(stages.flat(2)));
    if (left.length === 0) return;
    const hasJob = left.some(({ kind }) => kind === 'run-job');
    if (hasJob || begin - this.lastConfirmation >= settleMs) await this.confirmEarlier(phase, plan);
    const deploy = () =>
      runServices(
        services,
        ({ stages }) => stages,
        plan.maxParallel,
        ({ service, lane }) => this.deployLane(service!, lane, number),
        (error, { service }) => this.survives(error, service!),
      );
    await (hasJob ? this.watch.duringJobs(this.deployedWith(phase, plan), deploy) : deploy());
    this.context.log.report({ code: 'phase.finished', data: { phase: number, durationMs: Date.now() - begin } });
    this.context.log.publish();
  }

  /** Performs the tails: keeps old sets for a while, and waits for open requests. */
  private async performTails({ phases }: Plan): Promise<void> {
    const services = servicesOf(phases).filter(
      ({ name, tail }) => this.interpreter.remaining(tail.flat(2)).length > 0 && !this.isTolerated(name),
    );
    if (services.length === 0) return;
    const phaseOf = new Map(
      phases.flatMap((phase) => phase.services.map((service) => [service, phase.number] as const)),
    );
    const lanes = services.flatMap(({ tail }) => tail.flat()).length;
    await runServices(
      services,
      ({ tail }) => tail,
      lanes,
      ({ service, lane }) => this.deployLane(service!, lane, phaseOf.get(service!)!),
      (error, { service }) => this.survives(error, service!),
    );
  }

  private async deployLane(service: PlannedService, lane: Lane, phase: number): Promise<void> {
    const dependencies = Object.entries(this.context.input.stack.services[service.name]?.dependsOn ?? {});
    const failed = dependencies.find(([name, condition]) => condition !== 'started' && this.isTolerated(name));
    if (failed)
      throw new StepFailure({
        service: service.name,
        step: 'dependencies',
        message: `${service.name} depends on ${failed[0]}, which failed`,
      });
    await this.watch.lane(service, phase, () => this.interpreter.lane(this.interpreter.remaining(lane), phase));
    this.lastStart = Date.now();
  }

  /** The services of a phase and of those before it that have to run. */
  private deployedWith(phase: PlannedPhase, { phases }: Plan): PlannedService[] {
    const deployed = phases.slice(0, phases.indexOf(phase) + 1).filter(({ kind }) => kind === 'deploy');
    return servicesOf(deployed).filter(({ name }) => !this.isTolerated(name));
  }

  /** Whether the deployment goes on after a failure. */
  private survives(error: unknown, service: PlannedService): boolean {
    if (this.tolerate(error, service)) return true;
    if (!isCancellation(error)) this.fail(toCause(error, { id: service.name, service: service.name }));
    return false;
  }

  /** Reports at once that the deployment has failed, though running jobs finish first. */
  private fail(cause: Cause): void {
    const { log, go } = this.context;
    this.failure ??= cause;
    const jobs = this.interpreter.runningJobs;
    if (log.failing || jobs.length === 0) return;
    log.failing = { cause, jobs: () => this.interpreter.runningJobs };
    log.note(
      `the deployment has failed (${cause.message}), and waits until ${jobs.join(', ')} has finished; ` +
        `\`deploy-code cancel ${go.deployment} --kill-jobs\` ends it now`,
    );
    log.publish();
  }

  private tolerate(error: unknown, service: PlannedService): boolean {
    if (!service.continueOnFailure || isCancellation(error) || CancellationScope.current().consideredCancelled)
      return false;
    if (this.isTolerated(service.name)) return true;
    this.tolerated.push(toCause(error, { id: service.name, service: service.name }));
    return true;
  }

  /**
   * Confirms the instances of earlier phases, so that no job runs for a service that has died since. The watch judges
   * those that it watches, and the load balancer is judged before the commit.
   */
  private async confirmEarlier(phase: PlannedPhase, { phases }: Plan): Promise<void> {
    const earlier = phases.slice(0, phases.indexOf(phase));
    const services = servicesOf(earlier).filter((service) => !isWatched(service));
    const starts = this.startsOf(services).filter(
      (step) => this.interpreter.finished.has(step.id) && !(step.kind === 'start' && step.reaches),
    );
    if (starts.length === 0 || !patched(patches.confirmedPhases)) return;
    await this.requireRunning(starts, earlier);
    this.lastConfirmation = Date.now();
  }

  /**
   * Confirms all phases by one listing before the commit. Instances without a health check must have run for a second.
   */
  private async confirm({ phases }: Plan): Promise<void> {
    const starts = this.startsOf(servicesOf(phases));
    if (starts.some(({ instance }) => !instance.healthCheck))
      await sleep(
        Math.max(1, settleMs - (Date.now() - this.lastStart)),
        'instances without a health check must run for a second',
      );
    await this.requireRunning(starts, phases);
  }

  /** The starts of instances that have to run afterwards. */
  private startsOf(services: readonly PlannedService[]): Start[] {
    const latest = new Map(services.map((service) => [service.name, service]));
    const steps = [...latest.values()]
      .filter(({ name }) => !this.isTolerated(name))
      .flatMap((service) => lanesOf(service).flat());
    const removed = new Set(steps.flatMap((step) => (step.kind === 'remove' ? [step.instance.name] : [])));
    return steps
      .filter((step) => step.kind === 'start' || step.kind === 'update')
      .filter(({ instance }) => !removed.has(instance.name));
  }

  /** @throws StepFailure of an instance that does not run any more, unless its service may fail alone */
  private async requireRunning(starts: readonly Start[], phases: readonly PlannedPhase[]): Promise<void> {
    const queues = [...new Set(starts.map(({ taskQueue }) => taskQueue))];
    const down = await all(queues, (queue) =>
      this.listing(
        queue,
        starts.filter(({ taskQueue }) => taskQueue === queue),
      ),
    );
    for (const { service, message, evidence, completed } of down.flat()) {
      if (completed) {
        this.noteCompletion(service, message, starts);
        continue;
      }
      const failure = new StepFailure({ step: 'confirm', service, message, evidence });
      const phase = phases.findLast(({ services }) => services.some(({ name }) => name === service))!;
      const planned = phase.services.find(({ name }) => name === service)!;
      const start = starts.find((step) => step.service === service);
      this.reportFailure(start, phase.number, message);
      if (!this.tolerate(failure, planned)) throw failure;
    }
  }

  private noteCompletion(service: string, message: string, starts: readonly Start[]): void {
    const { hash } = starts.find((step) => step.service === service)!.instance;
    if (this.completed[service] !== hash) this.context.log.note(message);
    this.completed[service] = hash;
  }

  /** Reports the start of an instance as failed, though it had succeeded. */
  private reportFailure(step: Start | undefined, phase: number, message: string): void {
    if (!step || !patched(patches.confirmedPhases)) return;
    const { id, kind, title, service } = step;
    const durationMs = Date.now() - this.lastStart;
    this.context.log.report({
      code: 'step.failed',
      step: { id, kind, title, service, phase },
      data: { message, durationMs },
    });
  }

  private listing(taskQueue: string, starts: Start[]): Promise<NotRunning[]> {
    const { withPlatformRetry, activityContext } = this.context;
    const confirm = activity('confirm', taskQueue, `confirm the health of ${counted(starts.length, 'instance')}`);
    const expected = starts.map(({ instance }) => toRef(instance));
    const loadBalancer = starts.find((step) => step.kind === 'start' && step.reaches !== undefined) as
      StepOf<'start'> | undefined;
    const targets = (loadBalancer?.reaches ?? []).filter(({ service }) => !this.isTolerated(service));
    return withPlatformRetry(taskQueue, () =>
      loadBalancer && targets.length > 0
        ? confirm(activityContext, expected, { balancer: toRef(loadBalancer.instance), targets })
        : confirm(activityContext, expected),
    );
  }

  /** Rolls back only the services that failed alone. */
  private async rollBackTolerated(plan: Plan): Promise<void> {
    if (this.tolerated.length === 0) return;
    const { started, finished } = this.interpreter;
    const part = withOnly(plan, ({ name }) => this.isTolerated(name));
    const rollback = planRollback({ plan: part, started, finished, onRollback: {} });
    await this.compensation.perform(rollback);
  }
}
