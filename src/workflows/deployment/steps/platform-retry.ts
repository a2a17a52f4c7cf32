import { isCancellation, patched } from '@temporalio/workflow';
import { patches } from '../../support/patches';
import { sleep } from '../../support/serialised-events';
import type { DeploymentClock } from './clock';
import { toProblem } from './failure';

const firstBackoffMs = 500;
const longestBackoffMs = 15_000;

/** Waits for a platform that is away, on a clock of its own: the deployment's stands still meanwhile. */
export class PlatformRetry {
  /** What was waited for in vain, by the task queue of its host. */
  readonly lost = new Map<string, string>();

  constructor(
    private readonly clock: DeploymentClock,
    private readonly platformTimeoutMs: number,
  ) {}

  /** Tries until the platform is back; what else goes wrong is final. The first trouble is told. */
  async retry<T>(
    taskQueue: string,
    attempt: (afterTrouble: boolean) => Promise<T>,
    onTrouble: (message: string) => void,
    isPatient = () => true,
  ): Promise<T> {
    try {
      return await attempt(false);
    } catch (error) {
      if (!isTrouble(error) || !isPatient()) throw error;
      onTrouble(toProblem(error).message);
    }
    const since = Date.now();
    return this.clock.during(async () => {
      for (let backoff = firstBackoffMs; ; backoff = Math.min(backoff * 2, longestBackoffMs)) {
        await sleep(backoff, 'the platform is away');
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

  /** The same for a look that is no step; deployments of 0.1 give up at once. */
  look<T>(taskQueue: string, attempt: () => Promise<T>, onTrouble: (message: string) => void): Promise<T> {
    return this.retry(taskQueue, attempt, onTrouble, () => patched(patches.patientLooks));
  }
}

/** The platform's, which passes. */
export function isTrouble(error: unknown): boolean {
  return !isCancellation(error) && toProblem(error).type === 'PlatformTrouble';
}
