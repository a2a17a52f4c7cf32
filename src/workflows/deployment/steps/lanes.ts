import { CancellationScope } from '@temporalio/workflow';
import type { Lane, PlannedService, Stage, Step } from '../../../plan/plan';

/** A lane and its service. */
export interface ServiceLane {
  service?: PlannedService;
  lane: Lane;
}

/** Handles a failure; false lets it stop everything. */
type OnFailure = (error: unknown, lane: ServiceLane) => boolean;

/** Runs independent steps in parallel; the first failure stops the others. */
export function runSteps(steps: readonly Step[], limit: number, run: (lane: Lane) => Promise<void>): Promise<void> {
  return runLanes(
    steps.map((step) => [step]),
    limit,
    run,
    () => false,
  );
}

/** Runs independent lanes in parallel. */
export function runLanes(
  lanes: readonly Lane[],
  limit: number,
  run: (lane: Lane) => Promise<void>,
  onFailure: (error: unknown) => boolean,
): Promise<void> {
  return runWork(
    lanes.map((lane) => new Stages([[lane]])),
    limit,
    ({ lane }) => run(lane),
    onFailure,
  );
}

/**
 * Runs services in parallel: the stages of a service one after the other, the lanes of a stage in parallel. A handled
 * failure ends the stages of its service only.
 */
export function runServices(
  services: readonly PlannedService[],
  stagesOf: (service: PlannedService) => Stage[],
  limit: number,
  run: (lane: ServiceLane) => Promise<void>,
  onFailure: OnFailure,
): Promise<void> {
  return runWork(
    services.map((service) => new Stages(stagesOf(service), service)),
    limit,
    run,
    onFailure,
  );
}

/**
 * Runs at most `limit` lanes at once; started services continue before others start. Throws the first failure after all
 * lanes have ended.
 */
async function runWork(
  all: Stages[],
  limit: number,
  run: (lane: ServiceLane) => Promise<void>,
  onFailure: OnFailure,
): Promise<void> {
  const failures: unknown[] = [];
  const scope = new CancellationScope({ cancellable: true });
  const queue = all.flatMap((stages) => stages.next());
  const idle: (() => void)[] = [];
  const worker = async (): Promise<void> => {
    while (!scope.consideredCancelled) {
      const next = queue.shift();
      if (!next) {
        if (all.every((stages) => stages.areOver)) return;
        await new Promise<void>((resolve) => idle.push(resolve));
        continue;
      }
      const failure = await run(next).then(
        () => undefined,
        (error: unknown) => ({ error }),
      );
      queue.unshift(...next.stages.finished(failure !== undefined));
      if (failure && !onFailure(failure.error, next)) {
        failures.push(failure.error);
        scope.cancel();
      }
      for (const resume of idle.splice(0)) resume();
    }
  };
  await scope.run(() => Promise.all(Array.from({ length: limit }, worker)));
  if (failures.length > 0) throw failures[0];
}

interface QueuedLane extends ServiceLane {
  stages: Stages;
}

/** The progress through stages. */
class Stages {
  private readonly remaining: Stage[];
  private running = 0;

  constructor(
    stages: readonly Stage[],
    private readonly service?: PlannedService,
  ) {
    this.remaining = stages.filter((stage) => stage.length > 0);
  }

  get areOver(): boolean {
    return this.running === 0 && this.remaining.length === 0;
  }

  /** The lanes of the next stage. */
  next(): QueuedLane[] {
    const lanes = this.remaining.shift() ?? [];
    this.running = lanes.length;
    return lanes.map((lane) => ({ lane, service: this.service, stages: this }));
  }

  /** Marks a lane as ended; returns the lanes of the next stage if it was the last one of its stage. */
  finished(failed: boolean): QueuedLane[] {
    this.running -= 1;
    if (failed) this.remaining.length = 0;
    return this.running === 0 ? this.next() : [];
  }
}
