import { join, resolve } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection } from '@temporalio/worker';
import pino from 'pino';
import { DeployCodeClient } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { createWorker } from '../../src/worker';
import { WorkflowWorker } from '../../src/worker/workflow-worker';
import { memoryStack } from '../support/memory-stack';
import type { bare } from './bare-workflow';
import { BenchTemporal, BenchWorker, succeed } from './engine';
import { median, ms, ratio, timed, type Figure } from './figure';

const many = (count: number) =>
  memoryStack(
    Object.fromEntries(
      Array.from({ length: count }, (_, index) => [
        `s${index}`,
        {
          image: 'app:1',
          health_check: { command: ['check'] },
          ...(index >= 100 && { depends_on: { [`s${index - 100}`]: 'healthy' } }),
        },
      ]),
    ),
    { deployment: { max_parallel: 100 } },
  );
const rounds = 3;

/**
 * The engine's own cost: a runtime that costs nothing, on a Temporal as `dev` starts it, beside a workflow that does
 * nothing else.
 */
export async function memory(): Promise<Figure[]> {
  const temporal = new BenchTemporal();
  await temporal.start();
  const host = new MemoryHost();
  const worker = await createWorker({
    connection: { address: temporal.address },
    namespace: 'default',
    dataDir: join(temporal.folder, 'data'),
    runtimes: { memory: createMemoryRuntime(host) },
    logger: pino({ level: 'silent' }),
    workflowBundle: resolve('dist/workflow-bundle.js'),
  });
  const running = worker.run();
  const client = await DeployCodeClient.connect({ address: temporal.address });
  const bareEngine = await BareEngine.start(temporal.address);
  try {
    await succeed(client, many(10));
    await bareEngine.run(10);
    const first: number[] = [];
    for (let round = 0; round < 5; round += 1) first.push(await firstCall(client, host));
    const thousand = await compare(1000, client, bareEngine);
    const two = await compare(2000, client, bareEngine);
    return [
      {
        name: 'memory: 1,000 services in 10 phases',
        value: ratio(thousand.ratio),
        unit: 'x',
        bar: 1.35,
        detail: `the time of a bare workflow of two empty activities a service (${thousand.detail})`,
      },
      {
        name: 'memory: a service of 2,000',
        value: ratio(two.engine / (2 * thousand.engine)),
        unit: 'x',
        bar: 1.1,
        detail: `the time of one of 1,000 (${two.detail})`,
      },
      {
        name: 'memory: request to first container call',
        value: ms(median(first)),
        unit: 'ms',
        bar: 300,
        detail: 'median of five',
      },
    ];
  } finally {
    await client.close();
    worker.shutdown();
    await Promise.all([running, bareEngine.stop()]);
    await temporal.stop();
  }
}

async function firstCall(client: DeployCodeClient, host: MemoryHost): Promise<number> {
  let called = 0;
  const act = host.act.bind(host);
  host.act = (operation, service, target) => {
    if (operation === 'create' && called === 0) called = performance.now();
    return act(operation, service, target);
  };
  const begin = performance.now();
  await succeed(client, many(20));
  host.act = act;
  return called - begin;
}

/** By turns, so that a machine that gets slower meanwhile is slower for both. */
async function compare(
  services: number,
  client: DeployCodeClient,
  bareEngine: BareEngine,
): Promise<{ ratio: number; engine: number; detail: string }> {
  const bareMs: number[] = [];
  const engineMs: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    bareMs.push(await timed(() => bareEngine.run(services)));
    const stack = many(services);
    engineMs.push(await timed(() => succeed(client, stack)));
  }
  const ratios = engineMs.map((engine, round) => engine / bareMs[round]!);
  return {
    ratio: median(ratios),
    engine: median(engineMs),
    detail: `${ms(median(engineMs))} ms beside ${ms(median(bareMs))} ms, medians of ${rounds}`,
  };
}

/** A worker of the bare workflow, with the engine's own way to run workflow threads. */
class BareEngine {
  private constructor(
    private readonly client: Client,
    private readonly native: NativeConnection,
    private readonly worker: WorkflowWorker,
    private readonly running: Promise<void>,
  ) {}

  static async start(address: string): Promise<BareEngine> {
    const native = await NativeConnection.connect({ address });
    const worker = await WorkflowWorker.create({
      connection: native,
      namespace: 'default',
      taskQueue: 'bare',
      workflowsPath: require.resolve('./bare-workflow'),
      activities: { nothing: async () => undefined },
    });
    return new BareEngine(
      new Client({ connection: await Connection.connect({ address }) }),
      native,
      worker,
      worker.run(),
    );
  }

  run(services: number): Promise<void> {
    return this.client.workflow.execute<typeof bare>('bare', {
      workflowId: `bare-${services}-${Date.now()}`,
      taskQueue: 'bare',
      args: [services],
    });
  }

  async stop(): Promise<void> {
    this.worker.shutdown();
    await this.running;
    await Promise.all([this.native.close(), this.client.connection.close()]);
  }
}

/** From the start of the process to the first poll. */
export async function start(): Promise<Figure[]> {
  const temporal = new BenchTemporal();
  await temporal.start();
  try {
    const took: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      const worker = new BenchWorker(temporal.address, join(temporal.folder, 'data'));
      const client = await worker.start();
      took.push(worker.readyMs);
      await client.close();
      await worker.stop();
    }
    return [
      {
        name: 'start: worker ready',
        value: ms(median(took)),
        unit: 'ms',
        bar: 1500,
        detail: 'as a whole process, median of three',
      },
    ];
  } finally {
    await temporal.stop();
  }
}
