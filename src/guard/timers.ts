import { setTimeout as sleepOnce } from 'node:timers/promises';

/** In ms, about 24.8 days: Node treats a longer timer as one of 1 ms. */
export const longestTimerMs = 2 ** 31 - 1;

/** A time for one timer, at most {@link longestTimerMs}. */
export function forTimer(ms: number): number {
  return Math.min(ms, longestTimerMs);
}

/** Sleeps for any time in ms, also for months. Rejects with an AbortError when the signal aborts. */
export async function sleepLong(ms: number, signal?: AbortSignal): Promise<void> {
  let left = ms;
  do {
    await sleepOnce(forTimer(left), undefined, { signal });
    left -= longestTimerMs;
  } while (left > 0);
}

/** Settles like the work, or rejects with the signal's reason if that aborts first; the work itself goes on. */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let abort!: () => void;
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', abort, { once: true });
  });
  if (signal.aborted) abort();
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
