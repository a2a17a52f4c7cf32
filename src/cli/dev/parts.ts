import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const stopWithinMs = 30_000;

/** What a development engine has started so far; all of it ends together, the last first. */
export class Parts {
  private readonly ends: (() => Promise<void>)[] = [];
  private readonly over = new AbortController();

  /** Aborts when the engine ends, be it before it is ready. */
  get signal(): AbortSignal {
    return this.over.signal;
  }

  /** @throws the reason where the engine ends already: nothing more is to be started */
  add(end: () => Promise<void>): void {
    if (this.signal.aborted) void end();
    this.signal.throwIfAborted();
    this.ends.push(end);
  }

  async end(): Promise<void> {
    this.over.abort();
    await Promise.all(this.ends.reverse().map((end) => end()));
  }
}

/** Ends a process: kindly, and by force where that takes longer than it may. */
export async function endProcess(child: ChildProcess, withinMs = stopWithinMs): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), withinMs);
  await gone;
  clearTimeout(killer);
}
