import { Client, Connection } from '@temporalio/client';
import type { DeploymentHandle } from '../../src/client';
import { createMemoryRuntime } from '../../src/runtimes/memory';
import { environmentId } from '../../src/workflows/messages';
import { address, startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { shop } from '../support/memory-stack';

describe('an environment with a history that is full', () => {
  let engine: TestEngine;
  let temporal: Client;
  beforeAll(async () => {
    engine = await startEngine('long-queue', { runtimes: { memory: createMemoryRuntime() } });
    temporal = new Client({ connection: await Connection.connect({ address: address() }), namespace: 'long-queue' });
  });
  afterAll(async () => {
    await temporal.connection.close();
    await engine.close();
  });

  it('begins a new one, and loses nobody who waits, nothing of their order and nothing that people did', async () => {
    const stack = shop();
    const place = { stack: stack.name, environment: 'test' };
    const handle = temporal.workflow.getHandle(environmentId(place));
    let freezes = 1;
    await engine.client.freeze(place, { reason: 'all wait' });
    const first = (await handle.describe()).runId;
    const waiting: DeploymentHandle[] = [];
    for (let number = 1; number <= 20; number += 1) {
      waiting.push(await engine.client.deploy(stack, { reason: `number ${number}` }));
      await eventually(async () => expect((await engine.client.environment(place))?.queue).toHaveLength(number));
    }
    for (; (await handle.describe()).runId === first; freezes += 50)
      await Promise.all(Array.from({ length: 50 }, () => engine.client.freeze(place, { reason: 'all wait' })));
    expect((await engine.client.environment(place))?.queue.map(({ asked }) => asked?.reason)).toEqual(
      Array.from({ length: 20 }, (_, index) => `number ${index + 1}`),
    );
    await engine.client.thaw(place);
    const results = await Promise.all(waiting.map((each) => each.result()));
    expect(results.map(({ deployment, outcome }) => [deployment, outcome])).toEqual(
      results.map((_, index) => [index + 1, index === 0 ? 'succeeded' : 'unchanged']),
    );
    await eventually(async () => expect((await engine.client.environment(place))?.acts ?? []).toEqual([]), 120_000);
    const { records, broken } = await engine.client.audit(stack, 100_000);
    expect({ broken, freezes: records.filter(({ what }) => what === 'freeze').length }).toEqual({
      broken: undefined,
      freezes,
    });
  }, 400_000);
});
