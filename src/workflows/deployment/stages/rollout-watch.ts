import { CancellationScope, isCancellation, patched } from '@temporalio/workflow';
import type { NotRunning } from '../../../activities/contract';
import { planDiversion } from '../../../plan/traffic/diversion';
import { toRef } from '../../../plan/service/instance-spec';
import { servicesOf, type Plan, type PlannedService, type Stage, type StepOf } from '../../../plan/plan';
import { counted } from '../../../model/text';
import { activity } from '../../support/activity-options';
import { watchQueueOf, type Cause } from '../../messages';
import { patches } from '../../support/patches';
import { sleep } from '../../support/serialised-events';
import type { DeploymentContext } from '../context';
import { StepFailure, toProblem } from '../steps/failure';
import type { Interpreter } from '../steps/interpreter';

/** Handles failures of services that may fail alone. */
export interface Tolerance {
  isTolerated: (service: string) => boolean;
  /** Accepts a failure; returns true if the service may fail alone. */
  tolerate: (failure: StepFailure, service: PlannedService) => boolean;
  /** Takes note of a failure that ends the whole deployment. */
  fail: (cause: Cause) => void;
}

/** Jobs that are over sooner start no watch. */
const shortJobMs = 2000;

/**
 * Watches the new instances of gradually replaced services, each from the moment it is healthy until the commit. The
 * first failure ends the rollout; requests move away from the instance before anything else is undone. One activity
 * watches all such instances of a phase on a host. Services replaced in one step are checked before the commit, and
 * watched only while jobs run.
 */
export class RolloutWatch {
  private plan?: Plan;
  private found?: StepFailure;
  private rolloutScope?: CancellationScope;
  private watching?: CancellationScope;
  private readonly started = new Set<string>();
  private readonly seen = new Set<PlannedService>();
  private readonly lanes = new Map<string, Set<Lane>>();
  private reactions: Promise<void>[] = [];

  constructor(
    private readonly context: DeploymentContext,
    private readonly interpreter: Interpreter,
    private readonly tolerance: Tolerance,
  ) {}

  /** Performs the rollout while watching. @throws StepFailure of an instance that fails meanwhile */
  async during(plan: Plan, work: () => Promise<void>): Promise<void> {
    if (!patched(patches.rolloutWatch)) return work();
    this.plan = plan;
    this.found = undefined;
    this.reactions = [];
    this.started.clear();
    this.seen.clear();
    this.lanes.clear();
    this.watching = new CancellationScope({ cancellable: true });
    this.rolloutScope = new CancellationScope({ cancellable: true });
    for (const { number, services } of plan.phases)
      for (const service of services) if (this.hasNewInstances(service)) this.watch(service, number);
    const failure = await this.rolloutScope.run(work).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    this.watching.cancel();
    await Promise.all(this.reactions);
    this.rethrow(failure);
  }

  private rethrow(failure: { error: unknown } | undefined): void {
    if (this.found) throw this.found;
    if (failure) throw failure.error;
  }

  /** Performs a lane of a service; cancels it when an instance of the service fails. */
  async lane(service: PlannedService, phase: number, work: () => Promise<void>): Promise<void> {
    if (!this.watching) return work();
    this.watch(service, phase);
    const scope = new CancellationScope({ cancellable: true });
    const lane: Lane = { scope, over: scope.run(work) };
    const lanes = this.lanes.get(service.name) ?? new Set();
    this.lanes.set(service.name, lanes.add(lane));
    try {
      await lane.over;
    } catch (error) {
      throw lane.failure ?? error;
    } finally {
      lanes.delete(lane);
    }
  }

  /**
   * Performs a phase with jobs. If they take long, the new instances that no other watch looks after are watched
   * meanwhile; only an exit, a restart or a removal fails them, since a job may keep a service from answering.
   */
  async duringJobs(services: readonly PlannedService[], work: () => Promise<void>): Promise<void> {
    const instances = services.filter((service) => !isWatched(service) && startsOf(service).length > 0);
    if (!this.watching || instances.length === 0 || !patched(patches.watchedJobs)) return work();
    const scope = new CancellationScope({ cancellable: true });
    const queues = [...new Set(instances.flatMap(startsOf).map(({ taskQueue }) => taskQueue))];
    void scope
      .run(async () => {
        await sleep(shortJobMs, 'services are watched during long jobs');
        await Promise.all(queues.map((queue) => this.watchOver(instances, queue, startsOf, true)));
      })
      .catch((error: unknown) => this.noteEnd(error));
    try {
      await work();
    } finally {
      scope.cancel();
    }
  }

  private hasNewInstances(service: PlannedService): boolean {
    return watchedOf(service).some(({ id }) => this.interpreter.finished.has(id));
  }

  private watch(service: PlannedService, phase: number): void {
    if (this.seen.has(service)) return;
    this.seen.add(service);
    for (const queue of new Set(watchedOf(service).map(({ taskQueue }) => taskQueue))) {
      const key = `${phase} ${queue}`;
      if (this.started.has(key)) continue;
      this.started.add(key);
      const services = servicesOf(
        this.plan!.phases.filter(({ number, kind }) => number === phase && kind === 'deploy'),
      );
      void this.watching!.run(() => this.watchOver(services, queue, watchedOf)).catch((error: unknown) =>
        this.noteEnd(error),
      );
    }
  }

  private noteEnd(error: unknown): void {
    if (!isCancellation(error))
      this.context.log.note(`the watch of new instances has stopped: ${toProblem(error).message}`);
  }

  /** Watches until a failure ends the whole deployment. */
  private async watchOver(
    services: PlannedService[],
    queue: string,
    instancesOf: (service: PlannedService) => StepOf<'start'>[],
    deathsOnly = false,
  ): Promise<void> {
    const { activityContext: context } = this.context;
    const { isTolerated } = this.tolerance;
    for (;;) {
      const left = services.filter(({ name }) => !isTolerated(name));
      const instances = left
        .flatMap((service) => instancesOf(service).filter(({ taskQueue }) => taskQueue === queue))
        .map(({ instance }) => toRef(instance));
      if (instances.length === 0) return;
      const watchInstances = activity(
        'watchInstances',
        watchQueueOf(queue),
        `watch ${counted(instances.length, 'new instance')} ${deathsOnly ? 'while jobs run' : 'until the commit'}`,
      );
      const failed = await (deathsOnly
        ? watchInstances(context, instances, { started: this.startedAmong(left) })
        : watchInstances(context, instances));
      if (
        this.handleFailure(
          failed,
          left.find(({ name }) => name === failed.service)!,
        )
      )
        return;
    }
  }

  private startedAmong(services: readonly PlannedService[]): string[] {
    return services
      .flatMap(startsOf)
      .filter(({ id }) => this.interpreter.finished.has(id))
      .map(({ instance }) => instance.name);
  }

  /** Handles a failed instance; true if the whole deployment ends. */
  private handleFailure(
    { service: name, instance, message, evidence }: NotRunning & { instance: string },
    service: PlannedService,
  ): boolean {
    if (this.found) return true;
    if (this.tolerance.isTolerated(name)) return false;
    const failure = new StepFailure({ step: 'watch', title: `watch ${name}`, service: name, message, evidence });
    const isTolerated = this.tolerance.tolerate(failure, service);
    this.context.log.note(message);
    const lanes = [...(this.lanes.get(name) ?? [])];
    if (!isTolerated) {
      this.found = failure;
      this.tolerance.fail(failure.cause);
    }
    for (const lane of lanes) lane.failure = failure;
    for (const { scope } of isTolerated ? lanes : [{ scope: this.rolloutScope! }]) scope.cancel();
    if (this.context.input.stack.deployment.rollbackOnFailure)
      this.reactions.push(this.divert(service, lanes, instance));
    return !isTolerated;
  }

  /** Moves requests away from a failed instance as soon as the lanes of its own service have ended. */
  private divert(service: PlannedService, lanes: Lane[], instance: string): Promise<void> {
    const { interpreter } = this;
    const { log } = this.context;
    const perform = async (stages: Stage[]) => {
      for (const stage of stages) await Promise.all(stage.flat().map((step) => interpreter.perform(step)));
    };
    return CancellationScope.nonCancellable(async () => {
      await Promise.allSettled(lanes.map(({ over }) => over));
      await perform(planDiversion(service, interpreter.started, instance));
    }).catch((error: unknown) =>
      log.note(`requests could not be moved away from ${instance}: ${toProblem(error).message}`),
    );
  }
}

/** A running lane. */
interface Lane {
  scope: CancellationScope;
  over: Promise<void>;
  /** The failure that cancelled it. */
  failure?: StepFailure;
}

/** Whether new instances of a service are watched until the commit. */
export function isWatched(service: PlannedService): boolean {
  return watchedOf(service).length > 0;
}

function startsOf({ stages, tail }: PlannedService): StepOf<'start'>[] {
  return [...stages, ...tail].flat(2).filter((step) => step.kind === 'start');
}

/** The starts to watch: those of a replaced service that are followed by further steps. */
function watchedOf({ action, stages, tail }: PlannedService): StepOf<'start'>[] {
  if (action === 'create') return [];
  const all = [...stages, ...tail];
  return all.flatMap((stage, index) =>
    stage.flatMap((lane) =>
      lane.flatMap((step, at) =>
        step.kind === 'start' && (index < all.length - 1 || lane.slice(at + 1).some(({ kind }) => kind !== 'exec'))
          ? [step]
          : [],
      ),
    ),
  );
}
