import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../src/guard/free-port';
import { address } from './engine';
import type { Namespace } from './namespaces';

const respawnMs = 1000;

/** A worker as its users run it: a process of its own, which can be killed. */
export class WorkerProcess {
  /** Everything it has logged. */
  readonly lines: string[] = [];
  /** Where it serves /metrics. */
  port = 0;
  /** How often it has ended by itself. */
  crashes = 0;
  private process?: ChildProcess;

  /** `respawn`: started again where it ends by itself, as every service manager does. */
  constructor(
    private readonly namespace: Namespace | 'default',
    private readonly dataDir: string,
    private readonly environment: Record<string, string> = {},
    private readonly server = address(),
    private readonly respawn = false,
  ) {}

  /** Resolves when it is ready to work. */
  async start(): Promise<void> {
    this.port = await freePort();
    const child = spawn(
      process.execPath,
      [
        resolve('bin/deploy-code'),
        'worker',
        '--address',
        this.server,
        '--namespace',
        this.namespace,
        '--data-dir',
        this.dataDir,
        '--port',
        String(this.port),
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, ...this.environment },
      },
    );
    this.process = child;
    await new Promise<void>((ready, failed) => {
      child.once('exit', (code) => failed(new Error(`the worker ended with ${code}: ${this.lines.join('\n')}`)));
      createInterface(child.stdout!).on('line', (line) => {
        this.lines.push(line);
        if (line.includes('worker is ready')) ready();
      });
    });
    if (this.respawn) child.once('exit', () => void this.comeBack(child));
  }

  private async comeBack(child: ChildProcess): Promise<void> {
    if (this.process !== child) return;
    this.crashes += 1;
    await sleep(respawnMs);
    if (this.process === child) await this.start().catch(() => this.comeBack(this.process!));
  }

  /** kill -9. */
  async kill(): Promise<void> {
    await this.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  /** Stands still with all it has begun, as a machine that is starved does. */
  freeze(): void {
    this.process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.process?.kill('SIGCONT');
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
