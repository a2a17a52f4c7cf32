import type { BreakerSettings } from '../../model/stack';

/** Consecutive failures, and the time (ms since the epoch) at which they opened the circuit breaker. */
export interface FailureCount {
  failures: number;
  openedAt?: number;
}

/** Counts one more failure. The breaker opens at its threshold, and again at each failure above it. */
export function countFailure({ threshold }: BreakerSettings, before: number, now: number): FailureCount {
  const failures = before + 1;
  return { failures, openedAt: threshold > 0 && failures >= threshold ? now : undefined };
}

export function isOpen({ openedAt, recoveryMs }: BreakerSettings & { openedAt?: number }, now: number): boolean {
  return openedAt !== undefined && now < openedAt + recoveryMs;
}
