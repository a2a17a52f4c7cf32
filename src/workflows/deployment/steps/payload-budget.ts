import { patched } from '@temporalio/workflow';
import { patches } from '../../support/patches';
import { waitUntil } from '../../support/serialised-events';

/**
 * In characters of JSON. Temporal refuses a workflow task that starts activities with more than 4 MB of input, at every
 * retry.
 */
const budget = 1_500_000;

/**
 * Limits the total input of concurrent activities: instances with large settings start a few at a time, even if
 * `max_parallel` allows more.
 */
export class PayloadBudget {
  private carried = 0;

  /** `overhead`: size of the input of each activity in addition to its load. */
  constructor(private readonly overhead: number) {}

  /** Runs work that sends a load to an activity, once the budget allows it. */
  carry<T>(load: unknown, work: () => Promise<T>): Promise<T> {
    const size = JSON.stringify(load).length + this.overhead;
    return this.hasRoom(size) || !patched(patches.freight) ? this.send(size, work) : this.wait(size, work);
  }

  private async wait<T>(size: number, work: () => Promise<T>): Promise<T> {
    while (!this.hasRoom(size)) await waitUntil(() => this.hasRoom(size));
    return this.send(size, work);
  }

  /** A load larger than the whole budget is sent alone. */
  private hasRoom(size: number): boolean {
    return this.carried === 0 || this.carried + size <= budget;
  }

  private async send<T>(size: number, work: () => Promise<T>): Promise<T> {
    this.carried += size;
    try {
      return await work();
    } finally {
      this.carried -= size;
    }
  }
}
