import { join } from 'node:path';
import pino from 'pino';
import { resolve } from 'node:path';
import { DeployCodeClient } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { createWorker } from '../../src/worker';
import { memoryStack } from '../support/memory-stack';
import { BenchTemporal, BenchWorker } from './engine';
import { median, ms, timed, type Figure } from './figure';

const many = (count: number) => memoryStack(Object.fromEntries(Array.from({ length: count }, (_, index) => [`s${index}`, { image: 'app:1', health_check: { command: ['check'] }, ...(index >= 100 && { depends_on: { [`s${index - 100}`]: 'healthy' } }) }])), { deployment: { max_parallel: 100 } });

/** The engine's own cost: a runtime that costs nothing, on a Temporal as `dev` starts it. */
export async function memory(): Promise<Figure[]> {
  const temporal = new BenchTemporal();
  await temporal.start();
  const host = new MemoryHost();
  const worker = await createWorker({ connection: { address: temporal.address }, namespace: 'default', dataDir: join(temporal.folder, 'data'), runtimes: { memory: createMemoryRuntime(host) }, logger: pino({ level: 'silent' }), workflowBundle: resolve('dist/workflow-bundle.js') });
  const running = worker.run();
  const client = await DeployCodeClient.connect({ address: temporal.address });
  try {
    await (await client.deploy(many(10))).result();
    const first: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      let called = 0;
      const act = host.act.bind(host);
      host.act = (operation, service, target) => {
        if (operation === 'create' && called === 0) called = performance.now();
        return act(operation, service, target);
      };
      const begin = performance.now();
      await (await client.deploy(many(20))).result();
      first.push(called - begin);
      host.act = act;
    }
    const stack = many(1000);
    const took = await timed(async () => {
      const { outcome } = await (await client.deploy(stack)).result();
      if (outcome !== 'succeeded') throw new Error(outcome);
    });
    return [
      { name: 'memory: 1,000 services in 10 phases', value: ms(took), unit: 'ms', bar: 6000, detail: 'request to result, health checked' },
      { name: 'memory: request to first container call', value: ms(median(first)), unit: 'ms', bar: 300, detail: 'median of five' },
    ];
  } finally {
    await client.close();
    worker.shutdown();
    await running;
    await temporal.stop();
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
    return [{ name: 'start: worker ready', value: ms(median(took)), unit: 'ms', bar: 1500, detail: 'as a whole process, median of three' }];
  } finally {
    await temporal.stop();
  }
}
