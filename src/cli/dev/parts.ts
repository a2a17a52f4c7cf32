import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const stopWithinMs = 30_000;

/** The parts that a development engine has started, which end together. */
export class Parts {
  private readonly ends: (() => Promise<void>)[] = [];
  private readonly ending = new AbortController();

  /** Aborts when the engine ends, also before it is ready. */
  get signal(): AbortSignal {
    return this.ending.signal;
  }

  /** @throws the abort reason if the engine is already ending, so that nothing more is started */
  add(end: () => Promise<void>): void {
    if (this.signal.aborted) void end();
    this.signal.throwIfAborted();
    this.ends.push(end);
  }

  async end(): Promise<void> {
    this.ending.abort();
    await Promise.all(this.ends.reverse().map((end) => end()));
  }
}

/** Ends a process with SIGTERM, and with SIGKILL after `withinMs`. */
export async function endProcess(child: ChildProcess, withinMs = stopWithinMs): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), withinMs);
  await exited;
  clearTimeout(killer);
}
