import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { findTemporalCli } from '../../../src/cli/dev/temporal-cli';
import { startServer } from '../../../src/cli/dev/temporal-server';

const port = 7233;

/** The Temporal server on a file database, which it finds again after it was killed. */
export class Temporal {
  readonly address = `127.0.0.1:${port}`;
  private server?: ChildProcess;

  constructor(private readonly folder: string) {}

  async start(): Promise<void> {
    const cli = await findTemporalCli(resolve('.deploy-code', 'cache'), console.error);
    this.server = await startServer({ cli, port, ui: { host: '127.0.0.1', port: port + 1000 }, folder: this.folder });
  }

  /** kill -9. */
  async kill(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  }
}
