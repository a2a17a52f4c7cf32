import { isCancellation, patched } from '@temporalio/workflow';
import { patches } from '../../support/patches';
import { sleep } from '../../support/serialised-events';
import type { DeploymentClock } from './clock';
import { toProblem } from './failure';

const firstBackoffMs = 500;
const longestBackoffMs = 15_000;

/** Retries while a platform is unavailable, with its own timeout; the deployment's clock is paused meanwhile. */
export class PlatformRetry {
  /** Failures that outlasted the platform timeout, by the task queue of the host. */
  readonly lost = new Map<string, string>();

  constructor(
    private readonly clock: DeploymentClock,
    private readonly platformTimeoutMs: number,
  ) {}

  /** Retries platform failures until the timeout; other failures are final. Reports the first platform failure. */
  async retry<T>(
    taskQueue: string,
    attempt: (afterTrouble: boolean) => Promise<T>,
    onTrouble: (message: string) => void,
    mayRetry = () => true,
  ): Promise<T> {
    try {
      return await attempt(false);
    } catch (error) {
      if (!isTrouble(error) || !mayRetry()) throw error;
      onTrouble(toProblem(error).message);
    }
    const since = Date.now();
    return this.clock.during(async () => {
      for (let backoff = firstBackoffMs; ; backoff = Math.min(backoff * 2, longestBackoffMs)) {
        await sleep(backoff, 'wait for the platform');
        try {
          return await attempt(true);
        } catch (error) {
          if (!isTrouble(error)) throw error;
          if (Date.now() - since <= this.platformTimeoutMs) continue;
          this.lost.set(taskQueue, toProblem(error).message);
          throw error;
        }
      }
    });
  }

  /** The same for a call outside of a step; deployments of 0.1 do not retry it. */
  retryCall<T>(taskQueue: string, attempt: () => Promise<T>, onTrouble: (message: string) => void): Promise<T> {
    return this.retry(taskQueue, attempt, onTrouble, () => patched(patches.patientLooks));
  }
}

/** Whether a failure is the platform's, and temporary. */
export function isTrouble(error: unknown): boolean {
  return !isCancellation(error) && toProblem(error).type === 'PlatformTrouble';
}
