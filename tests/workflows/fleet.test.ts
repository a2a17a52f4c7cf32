import { Client, Connection } from '@temporalio/client';
import type { DeploymentHandle } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { fleetId, fleetQuery } from '../../src/workflows/messages';
import { address, startEngine, type TestEngine } from '../support/engine';
import { memoryStack } from '../support/memory-stack';
import { eventually } from '../support/eventually';

describe('workers that take only so many deployments at once', () => {
  const host = new MemoryHost();
  let engine: TestEngine;
  let temporal: Client;
  beforeAll(async () => {
    engine = await startEngine('fleet', { runtimes: { memory: createMemoryRuntime(host) }, maxParallelDeployments: 2 });
    temporal = new Client({ connection: await Connection.connect({ address: address() }), namespace: 'fleet' });
  });
  afterAll(async () => {
    await temporal.connection.close();
    await engine.close();
  });
  afterEach(() => {
    host.unhealthy = {};
  });

  const stack = () =>
    memoryStack({
      app: { image: 'app:1', health_check: { command: ['check'], interval: '50ms', start_period: '5m' } },
    });
  const begun = (handle: DeploymentHandle) =>
    eventually(async () => expect((await handle.progress()).status).toBe('deploying'));
  const held = (handle: DeploymentHandle) =>
    eventually(async () =>
      expect(await handle.progress()).toMatchObject({
        status: 'queued',
        deployment: 1,
        held: 'the workers run at most 2 deployments at once',
      }),
    );
  const placeOf = ({ id }: DeploymentHandle) => ({ stack: id.split('/')[1]!, environment: 'test' });
  const fleet = () => temporal.workflow.getHandle(fleetId).query(fleetQuery);
  const deployAll = async (count: number): Promise<DeploymentHandle[]> => {
    const handles: DeploymentHandle[] = [];
    for (let index = 0; index < count; index += 1) {
      handles.push(await engine.client.deploy(stack()));
      await (index < 2 ? begun(handles[index]!) : held(handles[index]!));
    }
    return handles;
  };
  const results = (handles: DeploymentHandle[]) =>
    Promise.all(handles.map(async (handle) => (await handle.result()).outcome));
  const isOver = () =>
    eventually(async () =>
      expect((await temporal.workflow.getHandle(fleetId).describe()).status.name).toBe('COMPLETED'),
    );

  it('let the others wait, in the order of asking, and say so', async () => {
    host.unhealthy = { app: 'not yet' };
    const handles = await deployAll(4);
    expect(await fleet()).toMatchObject({
      limit: 2,
      holders: handles.slice(0, 2).map(({ id }) => id),
      waiting: handles.slice(2).map(({ id }) => id),
    });
    await handles[0]!.cancel('ana');
    await begun(handles[2]!);
    await held(handles[3]!);
    host.unhealthy = {};
    expect(await results(handles)).toEqual(['cancelled', 'succeeded', 'succeeded', 'succeeded']);
    await isOver();
  });

  it('forget who does not want to wait any more', async () => {
    host.unhealthy = { app: 'not yet' };
    const handles = await deployAll(3);
    await eventually(async () => (await engine.client.deployment(placeOf(handles[2]!), 1)).cancel('ana'));
    expect(await handles[2]!.result()).toMatchObject({ outcome: 'cancelled' });
    expect((await fleet()).waiting).toEqual([]);
    host.unhealthy = {};
    expect(await results(handles.slice(0, 2))).toEqual(['succeeded', 'succeeded']);
    await isOver();
  });

  it('give the slot of a deployment that is gone without a word to the next one', async () => {
    host.unhealthy = { app: 'not yet' };
    const handles = await deployAll(3);
    await temporal.workflow.getHandle(handles[0]!.id).terminate('by the test');
    const next = await engine.client.deploy(stack());
    await begun(handles[2]!);
    host.unhealthy = {};
    expect(await results([handles[1]!, handles[2]!, next])).toEqual(['succeeded', 'succeeded', 'succeeded']);
  });
});
