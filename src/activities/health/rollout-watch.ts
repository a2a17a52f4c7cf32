import { setTimeout as sleep } from 'node:timers/promises';
import { alwaysRestarted, type InstanceRef } from '../../model/instance';
import type { InstanceStatus } from '../../model/instance-status';
import { RuntimeError, type Runtime } from '../../runtimes/runtime';
import { healthyWithinMs } from './await-healthy';
import { problemOf } from './probe';
import { eachOf } from '../each-of';
import { crashedAndRestarted, failedOwnCheck, failuresAllowed, lapseOf, unhealthy, type Lapse } from './still-healthy';
import { monotonicMs } from '../../guard/monotonic';

/** The first instance that failed. */
export interface Failed extends Lapse {
  instance: InstanceRef;
}

/** Restarts of instances (of pods, on a cluster) that do not count, by name, for each that has been seen healthy. */
export type LetIn = Record<string, number>;

export interface RolloutWatching {
  runtime: Runtime;
  instances: readonly InstanceRef[];
  /** What an earlier attempt of the activity has seen. */
  letIn?: LetIn;
  onLetIn: (letIn: LetIn) => void;
  signal: AbortSignal;
}

const shortestLookMs = 200;
const longestLookMs = 1000;
/** Each look at an instance is a request to the platform: the more there are, the less often each is looked at. */
const perInstanceMs = 20;
const atOnce = 20;
/** After the platform was away, its own restarts come first. */
const graceMs = 10_000;
/** Instead of a restart count: the next one that is seen counts as the first. */
const unknown = -1;
/** An engine that shuts down stops its containers some time before it stops answering. */
const stoppedMs = 10_000;
/** By then a start that was interrupted by trouble with the platform is being tried again. */
const startEndsMs = 20_000;
/** A kubelet reports a pod that starts again in several steps. */
const looksAtPod = 2;

/**
 * Watches instances, each from the moment it has been healthy (or has run, where it has no health check). Resolves with
 * the first that turns unhealthy by the interval and retries of its own health check, exits, or is restarted. An
 * instance that has not been healthy yet is left to the activity that starts it. Changes nothing; waits while the
 * platform is away.
 */
export async function watchRollout(options: RolloutWatching): Promise<Failed> {
  const { instances, signal } = options;
  const watch = new RolloutWatch(options);
  const shortest = Math.min(...instances.map(({ healthCheck }) => healthCheck?.intervalMs ?? longestLookMs));
  const everyMs = Math.max(
    perInstanceMs * instances.length,
    Math.min(longestLookMs, Math.max(shortestLookMs, shortest)),
  );
  for (;;) {
    signal.throwIfAborted();
    const failed = await watch.look(monotonicMs());
    if (failed) return failed;
    await sleep(everyMs, undefined, { signal });
  }
}

/** What is known of an instance or a pod from one look to the next. */
interface Sight {
  /** Failed probes in a row. */
  failures: number;
  nextProbeAt: number;
  /** When it was first seen stopped from outside. */
  stoppedAt?: number;
  /** When it was first seen running. */
  runningSince?: number;
}

class RolloutWatch {
  private readonly sights = new Map<string, Sight>();
  private readonly letIn: LetIn;
  private trustedFrom = 0;

  constructor(private readonly options: RolloutWatching) {
    this.letIn = { ...options.letIn };
  }

  /** Looks at all instances, a few at a time; resolves with the first failure. */
  async look(now: number): Promise<Failed | undefined> {
    let failed: Failed | undefined;
    const examine = async (instance: InstanceRef) => {
      const lapse = failed ? undefined : await this.examine(instance, now);
      if (lapse) failed ??= { instance, ...lapse };
    };
    try {
      await eachOf(this.options.instances, atOnce, examine);
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.kind !== 'platform') throw error;
      this.trustNothing(now);
      return undefined;
    }
    return now < this.trustedFrom ? undefined : failed;
  }

  /** What was counted before the platform went away says nothing about the software. */
  private trustNothing(now: number): void {
    this.trustedFrom = now + graceMs;
    this.sights.clear();
    for (const name of Object.keys(this.letIn)) this.letIn[name] = unknown;
  }

  private examine(instance: InstanceRef, now: number): Promise<Lapse | undefined> {
    return this.options.runtime.workloads ? this.examinePods(instance) : this.examineInstance(instance, now);
  }

  private async examineInstance(instance: InstanceRef, now: number): Promise<Lapse | undefined> {
    const { name } = instance;
    const status = await this.options.runtime.inspect(name);
    const before = this.letIn[name];
    if (before === undefined) {
      if (status?.state === 'exited') return this.exitedBefore(name, status, now);
      if (
        status?.state === 'running' &&
        ((await this.probe(instance, now)) === 'healthy' || this.mustHaveStarted(instance, now))
      )
        this.admit(name, restartsOfStart(instance, status.restarts));
      return undefined;
    }
    const down = lapseOf(status);
    if (down && this.mayBeThePlatform(instance, status, now)) return undefined;
    if (down) return down;
    if (before === unknown) this.admit(name, status!.restarts);
    else if (status!.restarts > before && this.countsRestarts(instance))
      return crashedAndRestarted(this.options.runtime, name, status!);
    if (!instance.healthCheck) return failedOwnCheck(status);
    const problem = await this.probe(instance, now);
    return typeof problem === 'object' ? { ...problem, status } : undefined;
  }

  /**
   * One that exits while it starts ends its start, and the deployment: one that goes on had started before any look saw
   * it healthy.
   */
  private exitedBefore(name: string, status: InstanceStatus, now: number): Lapse | undefined {
    const sight = this.sightOf(name);
    sight.stoppedAt ??= now;
    return now - sight.stoppedAt > startEndsMs ? lapseOf(status) : undefined;
  }

  /** `healthy` where it is not due yet, too, once it has been let in. */
  private async probe({ name, healthCheck }: InstanceRef, now: number): Promise<'healthy' | 'not yet' | Lapse> {
    const isIn = this.letIn[name] !== undefined;
    if (!healthCheck) return 'healthy';
    const sight = this.sightOf(name);
    if (now < sight.nextProbeAt) return isIn ? 'healthy' : 'not yet';
    if (isIn) sight.nextProbeAt = now + healthCheck.intervalMs;
    const problem = await problemOf(this.options.runtime, name, healthCheck);
    if (problem === undefined) {
      sight.failures = 0;
      return 'healthy';
    }
    if (!isIn) return 'not yet';
    sight.failures += 1;
    return sight.failures < failuresAllowed(healthCheck)
      ? 'not yet'
      : { message: unhealthy(problem, sight.failures), lastProbeError: problem };
  }

  /**
   * Its start has ended by now, and well, since the deployment goes on: it was healthy for so short a time that no look
   * saw it.
   */
  private mustHaveStarted({ name, healthCheck }: InstanceRef, now: number): boolean {
    const sight = this.sightOf(name);
    sight.runningSince ??= now;
    return healthCheck !== undefined && now - sight.runningSince > healthyWithinMs(healthCheck) + graceMs;
  }

  /**
   * What exits by itself is restarted by such a policy: something else has stopped it, the engine as a rule, which then
   * starts it again.
   */
  private mayBeThePlatform({ name, restart }: InstanceRef, status: InstanceStatus | undefined, now: number): boolean {
    if (status?.state !== 'exited' || !this.options.runtime.restartsWhatExits || !alwaysRestarted.has(restart))
      return false;
    const sight = this.sightOf(name);
    sight.stoppedAt ??= now;
    return now - sight.stoppedAt < stoppedMs;
  }

  /** Without a health check nothing tells the restarts that the policy grants a start from those of a crash. */
  private countsRestarts({ restart, healthCheck }: InstanceRef): boolean {
    return healthCheck !== undefined || !restart.startsWith('on-failure');
  }

  /**
   * The cluster counts failed probes by itself. Pods come and go: each is judged alone, and one that is gone is
   * forgotten.
   */
  private async examinePods({ name }: InstanceRef): Promise<Lapse | undefined> {
    for (const pod of await this.options.runtime.workloads!.pods(name)) {
      const isWell = pod.state === 'running' && pod.health !== 'unhealthy';
      const before = this.letIn[pod.name];
      if (before === unknown || (before === undefined && isWell)) this.admit(pod.name, pod.restarts);
      if (before === undefined) continue;
      if (before !== unknown && pod.restarts > before) return { message: `crashed: pod ${pod.name} was restarted` };
      const sight = this.sightOf(pod.name);
      sight.failures = isWell ? 0 : sight.failures + 1;
      if (sight.failures >= looksAtPod) return { message: `has become unhealthy: pod ${pod.name} is not ready` };
    }
    return undefined;
  }

  private admit(name: string, restarts: number): void {
    this.letIn[name] = restarts;
    this.options.onLetIn({ ...this.letIn });
  }

  private sightOf(name: string): Sight {
    const sight = this.sights.get(name) ?? { failures: 0, nextProbeAt: 0 };
    this.sights.set(name, sight);
    return sight;
  }
}

/** Restarts that are no failure of a new instance that is healthy: its start may take some where its policy says so. */
function restartsOfStart({ restart }: InstanceRef, restarts: number): number {
  return restart.startsWith('on-failure') ? restarts : 0;
}
