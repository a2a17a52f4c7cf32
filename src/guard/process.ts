import { monotonicMs } from './monotonic';

export interface ProcessGuard {
  /** Hears of each error that nothing else has caught. */
  onError: (error: Error) => void;
  /** Ends the process in an orderly way when errors keep coming; absent: the process never ends for them. */
  stop?: () => unknown;
}

/** More errors than this within the window mean that the process is broken, not one request. */
const mostErrors = 20;
const windowMs = 60_000;
const stopWithinMs = 30_000;

/**
 * The last line of defence of a process: an error that nothing has caught is reported and ends nothing else. When they
 * keep coming, the process stops in an orderly way with exit code 1, so that whoever runs it starts a fresh one.
 */
export function guardProcess(guard: ProcessGuard): void {
  const count = errorCounter();
  let isStopping = false;
  const onError = (thrown: unknown) => {
    report(guard, thrown);
    if (!guard.stop || isStopping || count() <= mostErrors) return;
    isStopping = true;
    process.exitCode = 1;
    setTimeout(() => process.exit(1), stopWithinMs).unref();
    void Promise.resolve(guard.stop()).catch(() => process.exit(1));
  };
  process.on('uncaughtException', onError);
  process.on('unhandledRejection', onError);
}

/** A log that cannot be written must not raise the next error. */
function report({ onError }: ProcessGuard, thrown: unknown): void {
  try {
    onError(thrown instanceof Error ? thrown : new Error(String(thrown)));
  } catch {
    return;
  }
}

/** Counts its calls within the last minute. */
function errorCounter(): () => number {
  const times: number[] = [];
  return () => {
    const now = monotonicMs();
    times.push(now);
    while (times[0]! < now - windowMs) times.shift();
    return times.length;
  };
}
