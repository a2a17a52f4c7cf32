import { gone, hasCompleted } from '../../model/instance-status';
import type { Ailing } from '../../model/watch';
import type { ObservedInstance } from '../../model/observation';
import type { Runtime } from '../../runtimes/runtime';
import { completedByItself } from '../health/completion';
import { problemOf } from '../health/probe';
import { failedOwnCheck, failuresAllowed } from '../health/still-healthy';
import { ranOutOfMemory, withMemory } from '../instances/memory';

/** State of an instance between two rounds. */
interface Tracked {
  /** Failed probes in a row. */
  failures: number;
  problem?: string;
  nextProbeAt: number;
  /** Its restart count when it was first seen; -1: it was already known to be unhealthy. */
  restarts?: number;
  /** Rounds in a row in which it did not run. */
  roundsDown: number;
  /** Whether it exited because it ran out of memory. */
  outOfMemory?: boolean;
  /** Whether it has completed by itself. */
  completed?: boolean;
}

/** A single bad state may be temporary: a restart by the runtime, or a container that was just created. */
const roundsUntilDown = 2;
const crashed = 'crashed and was restarted';
const left = (names: readonly string[]) => `is in namespaces that ${names.join(', ')} had before it started again`;

/** Checks the health of instances in rounds, each health check at its own interval. */
export class Examination {
  /** Services that were seen to complete, with the fingerprint of their instances. */
  readonly completed: Record<string, string> = {};
  private readonly states: Map<string, Tracked>;

  /**
   * Known problems stand until the instance is seen healthy. `runs`: fingerprints of services that have completed
   * before.
   */
  constructor(
    private readonly runtime: Runtime,
    known: readonly Ailing[],
    private readonly runs: Readonly<Record<string, string>> = {},
  ) {
    this.states = new Map(
      known.map(({ instance, why }) => [
        instance,
        { failures: Infinity, problem: why, nextProbeAt: 0, roundsDown: roundsUntilDown, restarts: -1 },
      ]),
    );
  }

  /** The unhealthy instances. `strict`: a restart by the runtime counts as unhealthy. */
  async check(instances: ObservedInstance[], now: number, strict: boolean): Promise<Ailing[]> {
    const serving = instances.filter(({ kind }) => kind !== 'job');
    for (const name of this.states.keys())
      if (!serving.some((instance) => instance.name === name)) this.states.delete(name);
    const found = await Promise.all(serving.map((instance) => this.examine(instance, now, strict)));
    return found.filter((each) => each !== undefined);
  }

  private async examine(instance: ObservedInstance, now: number, strict: boolean): Promise<Ailing | undefined> {
    const tracked = this.trackedOf(instance.name);
    const { leftBehind = [] } = instance;
    const why =
      instance.state === 'running'
        ? ((await this.crashes(instance, tracked, strict)) ??
          (leftBehind.length > 0 ? left(leftBehind) : await this.health(instance, tracked, now)))
        : (await this.hasCompleted(instance, tracked))
          ? undefined
          : await this.down(instance, tracked);
    if (instance.state === 'running')
      Object.assign(tracked, { roundsDown: 0, outOfMemory: undefined, completed: undefined });
    const { name, service, ordinal, restart } = instance;
    return why === undefined
      ? undefined
      : {
          instance: name,
          service,
          ordinal,
          why,
          restartable:
            (restart !== 'no' || leftBehind.length > 0) && instance.state !== 'missing' && !this.runtime.workloads,
        };
  }

  private trackedOf(name: string): Tracked {
    const tracked = this.states.get(name) ?? { failures: 0, nextProbeAt: 0, roundsDown: 0 };
    this.states.set(name, tracked);
    return tracked;
  }

  private async crashes({ name }: ObservedInstance, tracked: Tracked, strict: boolean): Promise<string | undefined> {
    if (!strict) return undefined;
    if (tracked.restarts === -1) return tracked.problem?.startsWith(crashed) ? tracked.problem : undefined;
    const restarts = (await this.runtime.inspect(name))?.restarts ?? 0;
    tracked.restarts ??= restarts;
    if (restarts <= tracked.restarts) return undefined;
    return withMemory(`${crashed} (${restarts} times)`, {
      outOfMemory: await ranOutOfMemory(this.runtime, name, undefined),
    });
  }

  /** Asked as soon as it is seen: the platform forgets what has ended an instance. */
  private async hasCompleted(instance: ObservedInstance, tracked: Tracked): Promise<boolean> {
    const { service, hash } = instance;
    if (!hasCompleted(instance, instance)) return false;
    if (this.runs[service] === hash) return true;
    tracked.completed ??= await completedByItself(this.runtime, instance, instance, false);
    if (tracked.completed) this.completed[service] = hash;
    return tracked.completed;
  }

  private async down(
    { name, state, exitCode, outOfMemory = false }: ObservedInstance,
    tracked: Tracked,
  ): Promise<string | undefined> {
    tracked.roundsDown += 1;
    if (tracked.roundsDown < roundsUntilDown) return undefined;
    if (state === 'missing') return gone;
    if (state !== 'exited') return `is ${state}`;
    tracked.outOfMemory ??= await ranOutOfMemory(this.runtime, name, { exitCode, outOfMemory });
    return withMemory(`exited ${exitCode ?? '?'}`, { outOfMemory: tracked.outOfMemory });
  }

  /**
   * Unhealthy after as many failures in a row as the check allows, healthy again at the first success. Without a check,
   * the HEALTHCHECK of the image counts.
   */
  private async health(
    { name, address, healthCheck, runtimeHealth }: ObservedInstance,
    tracked: Tracked,
    now: number,
  ): Promise<string | undefined> {
    if (!healthCheck)
      return runtimeHealth === 'unhealthy' ? failedOwnCheck(await this.runtime.inspect(name))?.message : undefined;
    if (now >= tracked.nextProbeAt) {
      tracked.nextProbeAt = now + healthCheck.intervalMs;
      tracked.problem = await problemOf(this.runtime, name, healthCheck, { address });
      tracked.failures = tracked.problem === undefined ? 0 : tracked.failures + 1;
    }
    return tracked.failures >= failuresAllowed(healthCheck) ? tracked.problem : undefined;
  }
}
