import type { Ailing, Findings } from '../../model/watch';
import type { ObservedInstance } from '../../model/observation';
import { monotonicMs } from '../../guard/monotonic';
import { sleepLong } from '../../guard/timers';
import { RuntimeError, type Runtime } from '../../runtimes/runtime';
import { Examination } from './examination';

/** Time for restarts by the platform itself after it was unavailable. */
const graceMs = 30_000;

export interface WatchOptions<Seen> {
  runtime: Runtime;
  observe: () => Promise<Seen>;
  /** Differences between the release and an observation. */
  drift: (seen: Seen) => Promise<string[]>;
  everyMs: number;
  /** Until then a restart by the runtime counts as unhealthy; in ms since the epoch. */
  strictUntil: number;
  known: Findings;
  /** Fingerprints of services that have completed before. */
  runs?: Readonly<Record<string, string>>;
  signal: AbortSignal;
  /** Wall clock, in ms since the epoch. */
  now?: () => number;
  /** Monotonic clock, in ms. */
  elapsed?: () => number;
  wait?: (durationMs: number, signal: AbortSignal) => Promise<unknown>;
}

/** Observes periodically; resolves as soon as the findings differ from the known ones. */
export async function watch<Seen extends { instances: ObservedInstance[] }>({
  runtime,
  observe,
  drift,
  everyMs,
  strictUntil,
  known,
  runs,
  signal,
  now = Date.now,
  elapsed = monotonicMs,
  wait = sleepLong,
}: WatchOptions<Seen>): Promise<Findings> {
  const examination = new Examination(runtime, known.ailing, runs);
  let trustedFrom = -Infinity;
  let driftBefore = known.drift;
  for (;;) {
    signal.throwIfAborted();
    try {
      const seen = await observe();
      const ailing = await examination.check(seen.instances, elapsed(), now() < strictUntil);
      const differs = await drift(seen);
      const findings = { ailing, drift: differs.filter((each) => driftBefore.includes(each)) };
      driftBefore = differs;
      const { completed } = examination;
      const isNews = Object.keys(completed).length > 0 || !same(findings, known);
      if (elapsed() >= trustedFrom && isNews)
        return { ...findings, ...(Object.keys(completed).length > 0 && { completed }) };
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.kind !== 'platform') throw error;
      trustedFrom = elapsed() + graceMs;
    }
    await wait(everyMs, signal);
  }
}

function same(one: Findings, other: Findings): boolean {
  return (
    names(one.ailing) === names(other.ailing) && [...one.drift].sort().join('\n') === [...other.drift].sort().join('\n')
  );
}

function names(ailing: Ailing[]): string {
  return ailing
    .map(({ instance }) => instance)
    .sort()
    .join('\n');
}
