import { setTimeout as sleep } from 'node:timers/promises';
import { RuntimeError, type Runtime, type RuntimeDriver } from '../../src/runtimes/runtime';
import { wrapCalls } from '../../src/runtimes/wrap-calls';
import type { Random } from '../chaos/random';

const operations = ['observe', 'create', 'start', 'inspect', 'retire', 'revive', 'remove'] as const;
const parts = {
  images: ['find', 'ensure'],
  networks: ['create', 'remove', 'attach'],
  volumes: ['create', 'remove'],
} as const;

/** A runtime of which a share of the calls fail: before they had an effect, or, worse, after it. */
export class Unreliability {
  faults = 0;
  /** From 0 to 1. */
  share = 0;

  constructor(private readonly random: Random) {}

  around(driver: RuntimeDriver): RuntimeDriver {
    return { ...driver, within: (scope) => this.aroundRuntime(driver.within(scope)) };
  }

  private aroundRuntime(runtime: Runtime): Runtime {
    return {
      ...this.wrapped(runtime, operations),
      images: this.wrapped(runtime.images!, parts.images),
      networks: this.wrapped(runtime.networks!, parts.networks),
      volumes: this.wrapped(runtime.volumes!, parts.volumes),
    };
  }

  private wrapped<T extends object>(part: T, names: readonly (keyof T)[]): T {
    return wrapCalls(part, names, (call, name) => this.call(name, call));
  }

  private async call(operation: string, work: () => Promise<unknown>): Promise<unknown> {
    const way = this.random.next();
    if (way < this.share / 2) throw this.fault(`${operation} was refused`);
    const answer = await work();
    if (way < this.share) throw this.fault(`${operation} was done, and its answer lost`);
    if (this.random.chance(0.05)) await sleep(this.random.between(0, 30));
    return answer;
  }

  private fault(what: string): RuntimeError {
    this.faults += 1;
    return new RuntimeError('platform', `simulated: ${what}`);
  }
}
