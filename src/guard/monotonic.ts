/**
 * Milliseconds of a monotonic clock, for deadlines and durations within this process. The time of day may be changed
 * meanwhile.
 */
export function monotonicMs(): number {
  return performance.now();
}
