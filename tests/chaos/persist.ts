import { setTimeout as sleep } from 'node:timers/promises';
import { BadRequest, DeploymentLost } from '../../src/temporal/errors';

const pauseMs = 200;

/** Tries until it works: whoever asks may find Temporal or every worker away. What the engine refuses is an answer. */
export async function persist<T>(what: string, forMs: number, attempt: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + forMs; ; await sleep(pauseMs)) {
    try {
      return await withinReason(attempt(), deadline);
    } catch (error) {
      if (error instanceof BadRequest || error instanceof DeploymentLost) throw error;
      if (Date.now() > deadline) throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
    }
  }
}

async function withinReason<T>(work: Promise<T>, deadline: number): Promise<T> {
  const stop = new AbortController();
  const late = sleep(Math.max(0, deadline - Date.now()) + pauseMs, undefined, { signal: stop.signal }).then(() =>
    Promise.reject(new Error('no end to it')),
  );
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    stop.abort();
  }
}
