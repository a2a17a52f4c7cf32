import { CancellationScope, isCancellation, patched } from '@temporalio/workflow';
import { patches } from '../../support/patches';
import { sleep, waitUntil } from '../../support/serialised-events';

const tickMs = 30_000;

/**
 * The clock of a deployment's timeout. It is paused while the platform is unavailable, while a job runs (jobs have
 * their own timeout) and while a person is asked. It counts ticks, so it also pauses while no worker runs.
 */
export class DeploymentClock {
  private usedMs = 0;
  private pauses = 0;
  private expired?: () => void;
  private readonly scope = new CancellationScope({ cancellable: true });

  /** Starts counting; calls back when the limit is used up. */
  start(limitMs: number, onExpired: () => void): void {
    this.scope
      .run(async () => {
        while (this.usedMs < limitMs) {
          if (this.pauses > 0 && patched(patches.clockStandsStill)) await waitUntil(() => this.pauses === 0);
          const tick = Math.min(tickMs, limitMs - this.usedMs);
          await sleep(tick, 'clock of the deployment');
          if (this.pauses === 0) this.usedMs += tick;
        }
        this.expired = () => this.start(limitMs, onExpired);
        onExpired();
      })
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      });
  }

  /** Restarts the timeout for another attempt. */
  renew(): void {
    this.usedMs = 0;
    this.expired?.();
    this.expired = undefined;
  }

  stop(): void {
    this.scope.cancel();
  }

  /** Pauses the clock during work. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.pauses += 1;
    try {
      return await work();
    } finally {
      this.pauses -= 1;
    }
  }
}
