import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineUnreachable } from '../../temporal/errors';

export interface KeepOptions {
  start: () => ChildProcess;
  say: (text: string) => void;
  /** Log file of the worker. */
  log: string;
  /** Pause before the first restart, in ms; each further restart doubles it. */
  firstPauseMs?: number;
}

/** After more exits than this within the window, the worker is not restarted any more. */
const mostExits = 5;
const windowMs = 5 * 60_000;
const longestPauseMs = 30_000;

/** Restarts a worker that exits, with growing pauses, and reports it. */
export class SupervisedWorker {
  child: ChildProcess;
  private readonly released = new AbortController();
  private exits: number[] = [];

  constructor(private readonly options: KeepOptions) {
    this.child = options.start();
  }

  /** Never resolves; rejects when the worker exits too often. @throws EngineUnreachable */
  async keep(): Promise<never> {
    for (;;) {
      const reason = await exitOf(this.child);
      if (!this.released.signal.aborted) await this.restart(reason);
      if (this.released.signal.aborted) return new Promise<never>(() => undefined);
    }
  }

  /** Stops restarting the worker, which may exit from now on. */
  release(): ChildProcess {
    this.released.abort();
    return this.child;
  }

  private async restart(reason: string): Promise<void> {
    const { start, say, log, firstPauseMs = 1000 } = this.options;
    const now = Date.now();
    this.exits = [...this.exits.filter((at) => now - at < windowMs), now];
    if (this.exits.length > mostExits)
      throw new EngineUnreachable(
        `the worker exited ${this.exits.length} times within ${windowMs / 60_000} minutes, most ` +
          `recently with ${reason}`,
        `see ${log}`,
      );
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (this.exits.length - 1));
    say(`the worker exited (${reason}); restarting it in ${pauseMs / 1000} s (log ${log})`);
    await sleep(pauseMs, undefined, { signal: this.released.signal }).catch(() => undefined);
    if (this.released.signal.aborted) return;
    this.child = start();
    say(`the worker was restarted (${this.child.pid})`);
  }
}

/** Waits for a process to exit, and returns its signal or exit code. */
export async function exitOf(child: ChildProcess): Promise<string> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit').catch(() => undefined);
  return child.signalCode ?? `exit code ${child.exitCode ?? 'unknown'}`;
}
