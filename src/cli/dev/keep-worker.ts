import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineUnreachable } from '../../temporal/errors';

export interface KeepOptions {
  start: () => ChildProcess;
  say: (text: string) => void;
  /** Where the worker logs. */
  log: string;
  /** Before the first restart; each of a row doubles it. In ms. */
  firstPauseMs?: number;
}

/** More ends than this within the window mean that a restart does not help. */
const mostEnds = 5;
const windowMs = 5 * 60_000;
const longestPauseMs = 30_000;

/** Keeps a worker running: one that ends is started again, later and later, and people are told. */
export class KeptWorker {
  child: ChildProcess;
  private readonly over = new AbortController();
  private ends: number[] = [];

  constructor(private readonly options: KeepOptions) {
    this.child = options.start();
  }

  /** Settles only when the worker ends again and again. @throws EngineUnreachable */
  async keep(): Promise<never> {
    for (;;) {
      const how = await endOf(this.child);
      if (!this.over.signal.aborted) await this.restart(how);
      if (this.over.signal.aborted) return new Promise<never>(() => undefined);
    }
  }

  /** From now on its end is wanted. */
  release(): ChildProcess {
    this.over.abort();
    return this.child;
  }

  private async restart(how: string): Promise<void> {
    const { start, say, log, firstPauseMs = 1000 } = this.options;
    const now = Date.now();
    this.ends = [...this.ends.filter((at) => now - at < windowMs), now];
    if (this.ends.length > mostEnds)
      throw new EngineUnreachable(
        `the worker has ended ${this.ends.length} times within ${windowMs / 60_000} minutes, most recently with ${how}`,
        `see ${log}`,
      );
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** (this.ends.length - 1));
    say(`the worker has ended with ${how}; it starts again in ${pauseMs / 1000} s (log ${log})`);
    await sleep(pauseMs, undefined, { signal: this.over.signal }).catch(() => undefined);
    if (this.over.signal.aborted) return;
    this.child = start();
    say(`the worker runs again (${this.child.pid})`);
  }
}

/** How a process has ended, once it has. */
export async function endOf(child: ChildProcess): Promise<string> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit').catch(() => undefined);
  return child.signalCode ?? `exit code ${child.exitCode ?? 'unknown'}`;
}
