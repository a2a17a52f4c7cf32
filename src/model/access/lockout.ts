/** Log-ins that did not succeed, since the last that did; `at` in ms since the epoch. */
export interface Attempts {
  failures: number;
  at: number;
}

/** Mistakes that cost no time. A log-in with a second factor counts twice until it succeeds. */
const free = 6;
const firstWaitMs = 10_000;
const growth = 3;
/** The longest wait: a log-in is locked for this time. */
export const lockMs = 15 * 60_000;
/** What is longer ago counts no more. */
const forgetMs = 24 * 3_600_000;

/** How long the next attempt has to wait after these. */
function pauseAfter(failures: number): number {
  return failures < free ? 0 : Math.min(firstWaitMs * growth ** (failures - free), lockMs);
}

/**
 * Counts an attempt before it is made, so that several at once are several. One that comes too early does not count,
 * and learns how long it has to wait. `isLocked`: the next one has to wait for the longest time.
 */
export function attempt(
  before: Attempts | undefined,
  now: number,
): { attempts: Attempts; waitMs: number; isLocked: boolean } {
  const known = before && now - before.at < forgetMs ? before : { failures: 0, at: now };
  const waitMs = Math.max(0, known.at + pauseAfter(known.failures) - now);
  if (waitMs > 0) return { attempts: known, waitMs, isLocked: false };
  const failures = known.failures + 1;
  return { attempts: { failures, at: now }, waitMs: 0, isLocked: pauseAfter(failures) === lockMs };
}

/** How long a log-in has to wait now; 0 if it need not. */
export function waitOf(attempts: Attempts | undefined, now: number): number {
  return attempts ? Math.max(0, attempts.at + pauseAfter(attempts.failures) - now) : 0;
}
