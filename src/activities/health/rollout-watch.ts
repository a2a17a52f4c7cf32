import { setTimeout as sleep } from 'node:timers/promises';
import { alwaysRestarted, type InstanceRef } from '../../model/instance';
import type { InstanceStatus } from '../../model/instance-status';
import { RuntimeError, type Runtime } from '../../runtimes/runtime';
import type { DeathsOnly } from '../contract';
import { healthyWithinMs } from './await-healthy';
import { completedByItself } from './completion';
import { problemOf } from './probe';
import { eachOf } from '../each-of';
import { crashedAndRestarted, failedOwnCheck, failuresAllowed, lapseOf, unhealthy, type Lapse } from './still-healthy';
import { monotonicMs } from '../../guard/monotonic';

/** The first instance that failed. */
export interface Failed extends Lapse {
  instance: InstanceRef;
}

/**
 * Restart count of each instance (on a cluster: pod) when it was first seen healthy, by name. Only later restarts
 * count.
 */
export type RestartBaselines = Record<string, number>;

export interface RolloutWatching {
  runtime: Runtime;
  instances: readonly InstanceRef[];
  /** Set: failed health checks do not count. */
  deathsOnly?: DeathsOnly;
  /** Baselines of an earlier attempt of the activity. */
  baselines?: RestartBaselines;
  onBaselines: (baselines: RestartBaselines) => void;
  signal: AbortSignal;
}

const shortestIntervalMs = 200;
const longestIntervalMs = 1000;
/** Each check of an instance is a request to the platform: with many instances, each is checked less often. */
const perInstanceMs = 20;
const concurrency = 20;
/** Time for restarts by the platform itself after it was unavailable. */
const graceMs = 10_000;
/** Stands for a restart count that is read anew at the next check. */
const unknown = -1;
/** A Docker Engine that shuts down stops its containers a while before it stops answering. */
const stoppedMs = 10_000;
/** A start that platform trouble interrupted has been retried after this time. */
const startEndsMs = 20_000;
/** A kubelet reports a restart of a pod in several steps, so one unhealthy reading is not enough. */
const failuresOfPod = 2;

/**
 * Watches instances, each from the moment it is healthy (without a health check: it runs). Resolves with the first that
 * becomes unhealthy by its own health check, exits, or is restarted. Instances that have not been healthy yet are left
 * to the activity that starts them. Changes nothing; waits while the platform is unavailable.
 */
export async function watchRollout(options: RolloutWatching): Promise<Failed> {
  const { instances, signal } = options;
  const watch = new RolloutWatch(options);
  const shortest = Math.min(...instances.map(({ healthCheck }) => healthCheck?.intervalMs ?? longestIntervalMs));
  const everyMs = Math.max(
    perInstanceMs * instances.length,
    Math.min(longestIntervalMs, Math.max(shortestIntervalMs, shortest)),
  );
  for (;;) {
    signal.throwIfAborted();
    const failed = await watch.look(monotonicMs());
    if (failed) return failed;
    await sleep(everyMs, undefined, { signal });
  }
}

/** State of an instance or a pod between two rounds. */
interface ProbeState {
  /** Failed probes in a row. */
  failures: number;
  nextProbeAt: number;
  /** When it was first seen stopped. */
  stoppedAt?: number;
  /** When it was first seen running. */
  runningSince?: number;
}

class RolloutWatch {
  private readonly states = new Map<string, ProbeState>();
  private readonly baselines: RestartBaselines;
  private readonly completed = new Set<string>();
  private trustedFrom = 0;

  constructor(private readonly options: RolloutWatching) {
    const { instances, deathsOnly, baselines } = options;
    const started = instances.filter(({ name }) => deathsOnly?.started.includes(name));
    const initial = started.map((instance) => [instance.name, this.countsRestarts(instance) ? 0 : unknown] as const);
    this.baselines = { ...Object.fromEntries(initial), ...baselines };
  }

  /** Checks all instances with limited concurrency; resolves with the first failure. */
  async look(now: number): Promise<Failed | undefined> {
    let failed: Failed | undefined;
    const examine = async (instance: InstanceRef) => {
      const lapse = failed ? undefined : await this.examine(instance, now);
      if (lapse) failed ??= { instance, ...lapse };
    };
    try {
      await eachOf(this.options.instances, concurrency, examine);
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.kind !== 'platform') throw error;
      this.resetCounts(now);
      return undefined;
    }
    return now < this.trustedFrom ? undefined : failed;
  }

  /** Failures that were counted before the platform became unavailable say nothing about the software. */
  private resetCounts(now: number): void {
    this.trustedFrom = now + graceMs;
    this.states.clear();
    for (const name of Object.keys(this.baselines)) this.baselines[name] = unknown;
  }

  private examine(instance: InstanceRef, now: number): Promise<Lapse | undefined> {
    return this.options.runtime.workloads ? this.examinePods(instance) : this.examineInstance(instance, now);
  }

  private async examineInstance(instance: InstanceRef, now: number): Promise<Lapse | undefined> {
    const { name } = instance;
    if (this.completed.has(name)) return undefined;
    const status = await this.options.runtime.inspect(name);
    if (await completedByItself(this.options.runtime, instance, status, true)) {
      this.completed.add(name);
      return undefined;
    }
    const baseline = this.baselines[name];
    if (baseline === undefined) {
      if (status?.state === 'exited') return this.exitBeforeHealthy(name, status, now);
      if (
        status?.state === 'running' &&
        ((await this.probe(instance, now)) === 'healthy' || this.mustHaveStarted(instance, now))
      )
        this.admit(name, restartsOfStart(instance, status.restarts));
      return undefined;
    }
    const down = lapseOf(status);
    if (down && this.mayBePlatform(instance, status, now)) return undefined;
    if (down) return down;
    if (baseline === unknown) this.admit(name, status!.restarts);
    else if (status!.restarts > baseline && this.countsRestarts(instance))
      return crashedAndRestarted(this.options.runtime, name, status!);
    if (this.options.deathsOnly) return undefined;
    if (!instance.healthCheck) return failedOwnCheck(status);
    const problem = await this.probe(instance, now);
    return typeof problem === 'object' ? { ...problem, status } : undefined;
  }

  /**
   * An instance that exits before a check saw it healthy. A failed start ends the deployment; if that continues, the
   * instance had started.
   */
  private exitBeforeHealthy(name: string, status: InstanceStatus, now: number): Lapse | undefined {
    const state = this.stateOf(name);
    state.stoppedAt ??= now;
    return now - state.stoppedAt > startEndsMs ? lapseOf(status) : undefined;
  }

  /** Between two probes, an instance with a baseline counts as healthy. */
  private async probe({ name, healthCheck }: InstanceRef, now: number): Promise<'healthy' | 'not yet' | Lapse> {
    const hasBaseline = this.baselines[name] !== undefined;
    if (!healthCheck) return 'healthy';
    const state = this.stateOf(name);
    if (now < state.nextProbeAt) return hasBaseline ? 'healthy' : 'not yet';
    if (hasBaseline) state.nextProbeAt = now + healthCheck.intervalMs;
    const problem = await problemOf(this.options.runtime, name, healthCheck);
    if (problem === undefined) {
      state.failures = 0;
      return 'healthy';
    }
    if (!hasBaseline) return 'not yet';
    state.failures += 1;
    return state.failures < failuresAllowed(healthCheck)
      ? 'not yet'
      : { message: unhealthy(problem, state.failures), lastProbeError: problem };
  }

  /**
   * The deployment continues, so the start has succeeded: the instance was healthy too briefly for any check to see it.
   */
  private mustHaveStarted({ name, healthCheck }: InstanceRef, now: number): boolean {
    const state = this.stateOf(name);
    state.runningSince ??= now;
    return healthCheck !== undefined && now - state.runningSince > healthyWithinMs(healthCheck) + graceMs;
  }

  /**
   * True while the exit may be caused by the platform: a policy that always restarts would have restarted a crash, and
   * an engine that stopped its containers starts them again.
   */
  private mayBePlatform({ name, restart }: InstanceRef, status: InstanceStatus | undefined, now: number): boolean {
    if (status?.state !== 'exited' || !this.options.runtime.restartsWhatExits || !alwaysRestarted.has(restart))
      return false;
    const state = this.stateOf(name);
    state.stoppedAt ??= now;
    return now - state.stoppedAt < stoppedMs;
  }

  /** Without a health check, restarts that the policy allows a start cannot be told from crashes. */
  private countsRestarts({ restart, healthCheck }: InstanceRef): boolean {
    return healthCheck !== undefined || !restart.startsWith('on-failure');
  }

  /** The cluster counts failed probes itself. Each pod is checked on its own, and a deleted pod is forgotten. */
  private async examinePods({ name }: InstanceRef): Promise<Lapse | undefined> {
    for (const pod of await this.options.runtime.workloads!.pods(name)) {
      const isWell = pod.state === 'running' && pod.health !== 'unhealthy';
      const baseline = this.baselines[pod.name];
      if (baseline === unknown || (baseline === undefined && isWell)) this.admit(pod.name, pod.restarts);
      if (baseline === undefined) continue;
      if (baseline !== unknown && pod.restarts > baseline) return { message: `crashed: pod ${pod.name} was restarted` };
      const state = this.stateOf(pod.name);
      state.failures = isWell ? 0 : state.failures + 1;
      if (state.failures >= failuresOfPod) return { message: `has become unhealthy: pod ${pod.name} is not ready` };
    }
    return undefined;
  }

  private admit(name: string, restarts: number): void {
    this.baselines[name] = restarts;
    this.options.onBaselines({ ...this.baselines });
  }

  private stateOf(name: string): ProbeState {
    const state = this.states.get(name) ?? { failures: 0, nextProbeAt: 0 };
    this.states.set(name, state);
    return state;
  }
}

/** Baseline of a new instance: restarts during the start count as failures unless the policy is `on-failure`. */
function restartsOfStart({ restart }: InstanceRef, restarts: number): number {
  return restart.startsWith('on-failure') ? restarts : 0;
}
