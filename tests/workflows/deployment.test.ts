import { Client, Connection } from '@temporalio/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { address, startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { memoryStack, shop } from '../support/memory-stack';
import { notesOf } from '../support/events';

describe('a deployment', () => {
  const host = new MemoryHost();
  let engine: TestEngine;
  beforeAll(
    async () => void (engine = await startEngine('deployment', { runtimes: { memory: createMemoryRuntime(host) } })),
  );
  afterAll(() => engine.close());

  const deploy = async (stack: Parameters<TestEngine['client']['deploy']>[0], options = {}) =>
    (await engine.client.deploy(stack, options)).result();
  const listing = (stack: { name: string }) =>
    [...host.instances.values()]
      .filter(({ spec }) => spec.stack === stack.name)
      .map(({ spec, status }) => `${spec.name} ${status.state}`)
      .sort();

  it('brings services up phase by phase, each after what it depends on', async () => {
    const stack = shop();
    host.calls.length = 0;
    const result = await deploy(stack);
    expect(result).toMatchObject({ outcome: 'succeeded', deployment: 1, release: 1 });
    const starts = host.calls
      .filter((call) => call.startsWith('start '))
      .map((call) => call.replace(/.*-test-(\w+)-.*/, '$1'));
    expect(starts).toEqual(['database', 'migrate', 'api', 'api', 'web']);
  });

  it('keeps another release where only what steers changed, and touches no instance', async () => {
    const stack = shop();
    await deploy(stack);
    const before = listing(stack);
    host.calls.length = 0;
    const stricter = shop({}, { deployment: { watch_window: '5m' } }, stack.name);
    expect(await deploy(stricter)).toMatchObject({ outcome: 'succeeded', release: 2, changed: [] });
    expect(await deploy({ ...stricter, version: '2.0.0' })).toMatchObject({ outcome: 'unchanged', release: 2 });
    expect({ listing: listing(stack), calls: host.calls }).toEqual({ listing: before, calls: [] });
    expect(
      (await engine.client.release({ stack: stack.name, environment: 'test' }, 2)).stack.deployment.watchWindowMs,
    ).toBe(300_000);
    expect(await (await engine.client.rollback({ stack: stack.name, environment: 'test' })).result()).toMatchObject({
      outcome: 'succeeded',
      release: 1,
      changed: [],
    });
    expect((await engine.client.environment({ stack: stack.name, environment: 'test' }))?.current).toMatchObject({
      release: 1,
    });
  });

  it('changes nothing when nothing changed', async () => {
    const stack = shop();
    await deploy(stack);
    const before = listing(stack);
    host.calls.length = 0;
    expect(await deploy(stack)).toMatchObject({ outcome: 'unchanged', release: 1, changed: [] });
    expect(host.calls).toEqual([]);
    expect(listing(stack)).toEqual(before);
  });

  it('replaces only what changed, replicas one after the other', async () => {
    const stack = shop();
    await deploy(stack);
    host.calls.length = 0;
    const result = await deploy(shop({ api: 'api:2' }, {}, stack.name));
    expect(result).toMatchObject({ outcome: 'succeeded', release: 2, changed: ['api'] });
    const calls = host.calls
      .filter((call) => /^(retire|start)/.test(call))
      .map((call) => call.replace(/ .*-test-/, ' '));
    expect(calls).toEqual(['retire api-1-d1', 'start api-1-d2', 'retire api-2-d1', 'start api-2-d2']);
  });

  it('tries a changed health check, and goes back where it fails', async () => {
    const checked = (command: string) =>
      memoryStack({ app: { image: 'app:1', health_check: { command: [command], interval: '100ms', retries: 2 } } });
    const first = checked('old');
    expect(await deploy(first)).toMatchObject({ outcome: 'succeeded' });
    host.unhealthy[`${first.name}-test-app-1-d2`] = 'exited 1';
    expect(await deploy({ ...checked('new'), name: first.name })).toMatchObject({
      outcome: 'rolled_back',
      release: 1,
      cause: { service: 'app', evidence: { lastProbeError: 'exited 1' } },
    });
    expect(listing(first)).toEqual([`${first.name}-test-app-1-d1 running`]);
    expect(await deploy(first)).toMatchObject({ outcome: 'unchanged' });
  });

  it('plans the same as it deploys, and a plan touches nothing', async () => {
    const stack = shop();
    host.calls.length = 0;
    const { plan, refusals } = await engine.client.plan(stack);
    expect(refusals).toEqual([]);
    expect(plan.phases.map(({ services }) => services.map(({ name, action }) => `${name} ${action}`))).toEqual([
      ['database create'],
      ['migrate run'],
      ['api create'],
      ['web create'],
    ]);
    expect(host.calls).toEqual([]);
    expect(listing(stack)).toEqual([]);
  });

  it('refuses a stack that does not fit, with the sums, before anything is touched', async () => {
    const stack = memoryStack({ big: { image: 'big:1', resources: { reserve: { cpus: 20_000 } } } });
    host.calls.length = 0;
    const result = await deploy(stack);
    expect(result).toMatchObject({
      outcome: 'refused',
      refusals: [
        {
          message: expect.stringContaining(
            'the stack reserves 20000 CPUs (big 20000); host memory://test has 10000 CPUs',
          ),
        },
      ],
    });
    expect(host.calls).toEqual([]);
  });

  it('removes services that the stack no longer has, dependants first', async () => {
    const stack = shop();
    await deploy(stack);
    const { web: _web, api: _api, ...rest } = stack.services;
    host.calls.length = 0;
    expect(await deploy({ ...stack, services: rest })).toMatchObject({
      outcome: 'succeeded',
      changed: expect.arrayContaining(['api', 'web']),
    });
    expect(
      host.calls.filter((call) => call.startsWith('retire')).map((call) => call.replace(/.*-test-(\w+)-.*/, '$1')),
    ).toEqual(['web', 'api', 'api']);
  });

  it('looks only at named services and what they need', async () => {
    const stack = shop();
    expect(await deploy(stack, { services: ['database'] })).toMatchObject({
      outcome: 'succeeded',
      changed: ['database'],
    });
    expect(listing(stack)).toHaveLength(1);
  });

  it('lets a service with on_failure: continue fail alone, visibly', async () => {
    const stack = memoryStack({ shop: { image: 'shop:1' }, metrics: { image: 'metrics:1', on_failure: 'continue' } });
    host.exits.metrics = 3;
    const result = await deploy(stack);
    delete host.exits.metrics;
    expect(result).toMatchObject({
      outcome: 'succeeded',
      tolerated: [{ service: 'metrics', message: 'metrics-1 exited 3' }],
    });
    expect(listing(stack)).toEqual([`${stack.name}-test-shop-1-d1 running`]);
  });

  it('waits for a platform that is away before there is a plan', async () => {
    const stack = shop({}, { watch: { enabled: false } });
    await deploy(stack);
    host.faults = [
      { operation: 'observe', service: stack.name, kind: 'platform', message: 'the engine is away', times: 2 },
    ];
    const handle = await engine.client.deploy(stack);
    expect(await handle.result()).toMatchObject({ outcome: 'unchanged' });
    expect(notesOf((await handle.progress()).events)).toContain('waits for the platform: the engine is away');
  });

  it('waits for a platform that is away, on its own clock', async () => {
    const stack = shop();
    host.faults = [{ operation: 'start', service: 'api', kind: 'platform', message: 'the engine is away', times: 2 }];
    const handle = await engine.client.deploy(stack);
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    const { events } = await handle.progress();
    expect(events.filter(({ code }) => code === 'step.delayed')).toMatchObject([
      { data: { message: 'the engine is away' } },
      { data: { message: 'the engine is away' } },
    ]);
  });

  it('starts again before the commit what a crash of the platform has left down', async () => {
    const stack = shop();
    host.unhealthy.web = 'not yet';
    const handle = await engine.client.deploy(stack);
    await eventually(async () =>
      expect((await handle.progress()).events).toContainEqual(
        expect.objectContaining({
          code: 'step.started',
          step: { id: 'web/start/1', kind: 'start', title: 'start web-1 (web:1)', service: 'web', phase: 4 },
        }),
      ),
    );
    host.exit(`${stack.name}-test-database-1-d1`, 0);
    host.unhealthy = {};
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    expect(listing(stack)).toContain(`${stack.name}-test-database-1-d1 running`);
  });

  it('restarts a service with fresh instances of the same release', async () => {
    const stack = shop();
    await deploy(stack);
    const result = await (await engine.client.restart({ stack: stack.name, environment: 'test' }, ['api'])).result();
    expect(result).toMatchObject({ outcome: 'succeeded', release: 1, changed: ['api'] });
    expect(listing(stack).filter((line) => line.includes('-api-'))).toEqual([
      `${stack.name}-test-api-1-d2 running`,
      `${stack.name}-test-api-2-d2 running`,
    ]);
  });

  it('shows in the Temporal UI how a large stack stands, in text that needs no codec', async () => {
    const stack = memoryStack(
      Object.fromEntries(
        Array.from({ length: 150 }, (_, index) => [`service-with-a-name-${index}`, { image: 'app:1' }]),
      ),
      { deployment: { max_parallel: 50 } },
    );
    const handle = await engine.client.deploy(stack);
    await handle.result();
    const plain = new Client({ connection: await Connection.connect({ address: address() }), namespace: 'deployment' });
    const { currentDetails } = await plain.workflow
      .getHandle(handle.id)
      .query<{ currentDetails: string }>('__temporal_workflow_metadata');
    await plain.connection.close();
    expect(currentDetails).toContain('**deployment 1**: succeeded');
    expect(currentDetails).toContain('| 1 | service-with-a-name-149 | create | ok |');
  });

  it('stops named services only, and stays with the release that is kept', async () => {
    const stack = shop();
    await deploy(stack);
    expect(await (await engine.client.stop(stack, { services: ['web'] })).result()).toMatchObject({
      outcome: 'succeeded',
      changed: ['web'],
    });
    expect((await engine.client.environment({ stack: stack.name, environment: 'test' }))?.current?.release).toBe(1);
    expect(
      await (await engine.client.restart({ stack: stack.name, environment: 'test' }, ['api'])).result(),
    ).toMatchObject({ outcome: 'succeeded' });
  });

  it('stops everything, dependants first, and keeps volumes', async () => {
    const stack = shop();
    await deploy(stack);
    host.calls.length = 0;
    expect(await (await engine.client.stop(stack)).result()).toMatchObject({ outcome: 'succeeded', intent: 'stop' });
    expect(listing(stack)).toEqual([]);
    expect(
      host.calls.filter((call) => call.startsWith('retire')).map((call) => call.replace(/.*-test-(\w+)-.*/, '$1')),
    ).toEqual(['web', 'api', 'api', 'database']);
    expect([...host.volumes.keys()]).toContain(`${stack.name}-test_data`);
  });
});
