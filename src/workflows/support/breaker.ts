import type { BreakerSettings } from '../../model/stack';

/** Failures in a row, and since when (ms since the epoch) the circuit breaker is open because of them. */
export interface FailureCount {
  failures: number;
  openedAt?: number;
}

/** Counts one more failure. The breaker opens at its threshold, and anew at each failure beyond it. */
export function countFailure({ threshold }: BreakerSettings, before: number, now: number): FailureCount {
  const failures = before + 1;
  return { failures, openedAt: threshold > 0 && failures >= threshold ? now : undefined };
}

export function isOpen({ openedAt, recoveryMs }: BreakerSettings & { openedAt?: number }, now: number): boolean {
  return openedAt !== undefined && now < openedAt + recoveryMs;
}
