import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from '../../src/worker/free-port';
import { address } from './engine';
import type { Namespace } from './namespaces';

/** A worker as its users run it: a process of its own, which can be killed. */
export class WorkerProcess {
  /** Everything it has logged. */
  readonly lines: string[] = [];
  private process?: ChildProcess;

  constructor(private readonly namespace: Namespace, private readonly dataDir: string, private readonly environment: Record<string, string> = {}) {}

  /** Resolves when it is ready to work. */
  async start(): Promise<void> {
    const child = spawn(process.execPath, [resolve('bin/deploy-code'), 'worker', '--address', address(), '--namespace', this.namespace, '--data-dir', this.dataDir, '--port', String(await freePort())], {
      stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...this.environment },
    });
    this.process = child;
    await new Promise<void>((ready, failed) => {
      child.once('exit', (code) => failed(new Error(`the worker ended with ${code}: ${this.lines.join('\n')}`)));
      createInterface(child.stdout!).on('line', (line) => {
        this.lines.push(line);
        if (line.includes('worker is ready')) ready();
      });
    });
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.removeAllListeners('exit');
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }
}
