import { gone } from '../../model/instance-status';
import type { Ailing } from '../../model/watch';
import type { ObservedInstance } from '../../model/observation';
import type { Runtime } from '../../runtimes/runtime';
import { problemOf } from '../health/probe';
import { failedOwnCheck, failuresAllowed } from '../health/still-healthy';
import { ranOutOfMemory, withMemory } from '../instances/memory';

/** What is known of an instance from one look to the next. */
interface Record {
  /** In a row. */
  failures: number;
  problem?: string;
  nextProbeAt: number;
  /** How often its runtime had restarted it when it was first seen; -1: it was known to be ailing. */
  restarts?: number;
  /** Since when its state is wrong, in looks. */
  wrongLooks: number;
  /** Whether memory ran out of it before it came to be down. */
  outOfMemory?: boolean;
}

/** What is wrong once may be on its way back: the runtime's own restart, a container that is just made. */
const looksUntilDown = 2;
const crashed = 'crashed and was restarted';

/** Judges instances look by look, each health check at its own interval. */
export class Examination {
  private readonly records: Map<string, Record>;

  /** What is known to be wrong is so until it is seen to be well. */
  constructor(
    private readonly runtime: Runtime,
    known: readonly Ailing[],
  ) {
    this.records = new Map(
      known.map(({ instance, why }) => [
        instance,
        { failures: Infinity, problem: why, nextProbeAt: 0, wrongLooks: looksUntilDown, restarts: -1 },
      ]),
    );
  }

  /** Those that are not well. `strict`: a restart by the runtime is not well either. */
  async look(instances: ObservedInstance[], now: number, strict: boolean): Promise<Ailing[]> {
    const serving = instances.filter(({ kind }) => kind !== 'job');
    for (const name of this.records.keys())
      if (!serving.some((instance) => instance.name === name)) this.records.delete(name);
    const found = await Promise.all(serving.map((instance) => this.examine(instance, now, strict)));
    return found.filter((each) => each !== undefined);
  }

  private async examine(instance: ObservedInstance, now: number, strict: boolean): Promise<Ailing | undefined> {
    const record = this.recordOf(instance.name);
    const why =
      instance.state === 'running'
        ? ((await this.crashes(instance, record, strict)) ?? (await this.health(instance, record, now)))
        : await this.down(instance, record);
    if (instance.state === 'running') Object.assign(record, { wrongLooks: 0, outOfMemory: undefined });
    const { name, service, ordinal, restart } = instance;
    return why === undefined
      ? undefined
      : {
          instance: name,
          service,
          ordinal,
          why,
          restartable: restart !== 'no' && instance.state !== 'missing' && !this.runtime.workloads,
        };
  }

  private recordOf(name: string): Record {
    const record = this.records.get(name) ?? { failures: 0, nextProbeAt: 0, wrongLooks: 0 };
    this.records.set(name, record);
    return record;
  }

  private async crashes({ name }: ObservedInstance, record: Record, strict: boolean): Promise<string | undefined> {
    if (!strict) return undefined;
    if (record.restarts === -1) return record.problem?.startsWith(crashed) ? record.problem : undefined;
    const restarts = (await this.runtime.inspect(name))?.restarts ?? 0;
    record.restarts ??= restarts;
    if (restarts <= record.restarts) return undefined;
    return withMemory(`${crashed} (${restarts} times)`, {
      outOfMemory: await ranOutOfMemory(this.runtime, name, undefined),
    });
  }

  private async down(
    { name, state, exitCode, outOfMemory = false }: ObservedInstance,
    record: Record,
  ): Promise<string | undefined> {
    record.wrongLooks += 1;
    if (record.wrongLooks < looksUntilDown) return undefined;
    if (state === 'missing') return gone;
    if (state !== 'exited') return `is ${state}`;
    record.outOfMemory ??= await ranOutOfMemory(this.runtime, name, { exitCode, outOfMemory });
    return withMemory(`exited ${exitCode ?? '?'}`, { outOfMemory: record.outOfMemory });
  }

  /**
   * Unhealthy after as many failures in a row as the check allows, healthy again at the first success. Without one the
   * image's own check counts.
   */
  private async health(
    { name, healthCheck, runtimeHealth }: ObservedInstance,
    record: Record,
    now: number,
  ): Promise<string | undefined> {
    if (!healthCheck)
      return runtimeHealth === 'unhealthy' ? failedOwnCheck(await this.runtime.inspect(name))?.message : undefined;
    if (now >= record.nextProbeAt) {
      record.nextProbeAt = now + healthCheck.intervalMs;
      record.problem = await problemOf(this.runtime, name, healthCheck);
      record.failures = record.problem === undefined ? 0 : record.failures + 1;
    }
    return record.failures >= failuresAllowed(healthCheck) ? record.problem : undefined;
  }
}
