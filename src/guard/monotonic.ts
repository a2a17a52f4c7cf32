/**
 * Milliseconds of a clock that never jumps, from an origin of its own: for deadlines and durations within this process.
 * The time of day may be set back or forward while something waits.
 */
export function monotonicMs(): number {
  return performance.now();
}
