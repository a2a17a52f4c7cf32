import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startServer } from '../../src/cli/dev/temporal-server';
import { findTemporalCli } from '../../src/cli/dev/temporal-cli';
import { DirectClient, type DeployCodeClient, type Stack } from '../../src/client';

const port = 17_433;

/** A Temporal as `deploy-code dev` starts it, for the benchmarks alone. */
export class BenchTemporal {
  readonly folder = mkdtempSync(join(tmpdir(), 'deploy-code-bench-'));
  readonly address = `127.0.0.1:${port}`;
  private server?: ChildProcess;

  async start(): Promise<void> {
    const cli = await findTemporalCli(resolve('.deploy-code', 'cache'), console.error);
    this.server = await startServer({ cli, port, ui: { host: '127.0.0.1', port: port + 1 }, folder: this.folder });
  }

  async stop(): Promise<void> {
    if (this.server) {
      this.server.ref();
      const gone = once(this.server, 'exit');
      this.server.kill('SIGKILL');
      await gone;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A worker as its users run it, with a client. */
export class BenchWorker {
  readyMs = 0;
  private child?: ChildProcess;

  constructor(
    private readonly address: string,
    private readonly dataDir: string,
    private readonly port = 19_465,
  ) {}

  async start(): Promise<DirectClient> {
    const begin = performance.now();
    const child = spawn(
      process.execPath,
      [
        resolve('bin/deploy-code'),
        'worker',
        '--address',
        this.address,
        '--data-dir',
        this.dataDir,
        '--port',
        String(this.port),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    this.child = child;
    await new Promise<void>((ready) =>
      createInterface(child.stdout!).on('line', (line) => line.includes('worker is ready') && ready()),
    );
    this.readyMs = performance.now() - begin;
    return DirectClient.connect({ address: this.address });
  }

  /** The most memory it has held, in MiB; Linux only. */
  peakMemory(): number {
    const status = readFileSync(`/proc/${this.child!.pid}/status`, 'utf8');
    return Math.round(Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024);
  }

  async stop(): Promise<void> {
    const gone = once(this.child!, 'exit');
    this.child!.kill('SIGTERM');
    await gone;
  }
}

/** A Temporal, a worker and a client for one benchmark. */
export async function withEngine<T>(
  measure: (client: DirectClient, worker: BenchWorker, address: string) => Promise<T>,
): Promise<T> {
  const temporal = new BenchTemporal();
  await temporal.start();
  const worker = new BenchWorker(temporal.address, join(temporal.folder, 'data'));
  const client = await worker.start();
  try {
    return await measure(client, worker, temporal.address);
  } finally {
    await client.close();
    await worker.stop();
    await temporal.stop();
  }
}

/** Deploys a stack. @throws Error unless that succeeds, or changes nothing */
export async function succeed(client: DeployCodeClient, stack: Stack): Promise<void> {
  const { outcome, cause } = await (await client.deploy(stack)).result();
  if (outcome !== 'succeeded' && outcome !== 'unchanged') throw new Error(`${outcome}: ${cause?.message}`);
}
