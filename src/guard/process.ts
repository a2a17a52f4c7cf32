import { monotonicMs } from './monotonic';

export interface ProcessGuard {
  /** Called for each uncaught error. */
  onError: (error: Error) => void;
  /** Shuts the process down after too many errors; absent: the process never stops because of errors. */
  stop?: () => unknown;
}

/** After more errors than this within the window, the process is considered broken. */
const mostErrors = 20;
const windowMs = 60_000;
const stopWithinMs = 30_000;

/**
 * Reports uncaught errors instead of ending the process. After too many errors, it shuts the process down with exit
 * code 1, so that its supervisor starts a new one.
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

/** Reports an error. A failure to write the log must not cause the next error. */
function report({ onError }: ProcessGuard, thrown: unknown): void {
  try {
    onError(thrown instanceof Error ? thrown : new Error(String(thrown)));
  } catch {
    return;
  }
}

/** Returns a function that counts its own calls within the window. */
function errorCounter(): () => number {
  const times: number[] = [];
  return () => {
    const now = monotonicMs();
    times.push(now);
    while (times[0]! < now - windowMs) times.shift();
    return times.length;
  };
}
