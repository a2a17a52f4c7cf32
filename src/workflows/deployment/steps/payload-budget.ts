import { patched } from '@temporalio/workflow';
import { patches } from '../../support/patches';
import { waitUntil } from '../../support/serialised-events';

/**
 * In characters of JSON. A workflow task that starts activities with more than 4 MB of input is refused by Temporal,
 * again and again.
 */
const most = 1_500_000;

/**
 * Bounds what is on its way to activities at once: instances with large settings start a few at a time, whatever
 * `max_parallel` says.
 */
export class PayloadBudget {
  private carried = 0;

  /** `overhead`: what every activity is sent beside its load. */
  constructor(private readonly overhead: number) {}

  /** Runs work that sends a load to an activity, once there is room for it. */
  carry<T>(load: unknown, work: () => Promise<T>): Promise<T> {
    const size = JSON.stringify(load).length + this.overhead;
    return this.hasRoom(size) || !patched(patches.freight) ? this.send(size, work) : this.wait(size, work);
  }

  private async wait<T>(size: number, work: () => Promise<T>): Promise<T> {
    while (!this.hasRoom(size)) await waitUntil(() => this.hasRoom(size));
    return this.send(size, work);
  }

  /** A load that is larger than all of it travels alone. */
  private hasRoom(size: number): boolean {
    return this.carried === 0 || this.carried + size <= most;
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
