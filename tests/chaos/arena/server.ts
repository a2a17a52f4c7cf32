import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

const port = 8080;
const pauseMs = 300;

/** `deploy-code server`, started again until it comes up, as every service manager does: Temporal may be away. */
export class ApiServer {
  readonly url = `http://127.0.0.1:${port}`;
  /** How often it has ended by itself after it was up. */
  crashes = 0;
  private process?: ChildProcess;

  constructor(private readonly temporal: string) {}

  async start(): Promise<void> {
    while (!(await this.attempt())) await sleep(pauseMs);
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const child = this.process;
    this.process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  private async attempt(): Promise<boolean> {
    const child = spawn(
      process.execPath,
      [resolve('bin/deploy-code'), 'server', '--address', this.temporal, '--port', String(port)],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    this.process = child;
    const gone = once(child, 'exit').then(() => false);
    const isUp = await Promise.race([gone, once(createInterface(child.stdout), 'line').then(() => true)]);
    if (isUp) void gone.then(() => this.process === child && (this.crashes += 1));
    return isUp;
  }
}
