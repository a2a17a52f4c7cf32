import { Client, Connection } from '@temporalio/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { address, startEngine, type TestEngine } from '../support/engine';
import { memoryStack, shop } from '../support/memory-stack';
import { reached, step } from '../support/events';
import { until } from '../support/until';

describe('a rollback', () => {
  const host = new MemoryHost();
  let engine: TestEngine;
  beforeAll(
    async () => void (engine = await startEngine('rollback', { runtimes: { memory: createMemoryRuntime(host) } })),
  );
  afterAll(() => engine.close());
  afterEach(() => {
    host.faults = [];
    host.unhealthy = {};
    host.exits = {};
  });

  const deploy = async (stack: Parameters<TestEngine['client']['deploy']>[0]) =>
    (await engine.client.deploy(stack)).result();
  const listing = (stack: { name: string }) =>
    [...host.instances.values()]
      .filter(({ spec }) => spec.stack === stack.name)
      .map(({ spec, status, policy }) => `${spec.name} ${spec.image} ${status.state} ${policy}`)
      .sort();

  it('runs the very same instances again after a failure in the last phase', async () => {
    const stack = shop();
    await deploy(stack);
    const before = listing(stack);
    host.exits['web:2'] = 7;
    const result = await deploy(shop({ database: 'database:2', api: 'api:2', web: 'web:2' }, {}, stack.name));
    expect(result).toMatchObject({
      outcome: 'rolled_back',
      release: 1,
      leftBehind: [],
      cause: { service: 'web', message: 'web-1 exited 7', evidence: { exitCode: 7, logs: ['log of web'] } },
    });
    expect(listing(stack)).toEqual(before);
  });

  it('ends its workflow as failed with the cause, while clients get the result as always', async () => {
    const stack = shop();
    await deploy(stack);
    host.exits['web:2'] = 7;
    const handle = await engine.client.deploy(shop({ web: 'web:2' }, {}, stack.name));
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', deployment: 2 });
    expect(handle.id).toMatch(/\/[0-9a-f]{8}-deploy-\d{4}-\d\d-\d\d-\d{4}$/);
    const connection = await Connection.connect({ address: address() });
    const { workflow } = new Client({ connection, namespace: 'rollback' });
    expect((await workflow.getHandle(handle.id).describe()).status.name).toBe('FAILED');
    await expect(workflow.getHandle(handle.id).result()).rejects.toMatchObject({
      cause: {
        type: 'DeploymentFailed',
        message: expect.stringMatching(/^rolled back: start web-1 .*web-1 exited 7$/),
      },
    });
    const place = { stack: stack.name, environment: 'test' };
    await until(async () => (await engine.client.history(place))[0]?.status === 'rolled_back');
    expect((await engine.client.history(place))[0]).toMatchObject({ result: { outcome: 'rolled_back' } });
    await connection.close();
  });

  it('has the workflow of an answered question deleted, so that lists show deployments', async () => {
    const stack = shop();
    await deploy(stack);
    const { temporal } = engine.client as unknown as { temporal: Client };
    const deletion = jest.spyOn(temporal.connection.workflowService, 'deleteWorkflowExecution');
    await engine.client.status(stack);
    await until(() => deletion.mock.calls.length > 0);
    expect(deletion.mock.calls[0]![0]).toEqual({
      namespace: 'rollback',
      workflowExecution: {
        workflowId: expect.stringMatching(new RegExp(`^inspect/${stack.name}/test/status/`)) as string,
      },
    });
    await deletion.mock.results[0]!.value;
    deletion.mockRestore();
  });

  it('takes new instances down dependants first, and brings old ones up dependencies first', async () => {
    const stack = shop();
    await deploy(stack);
    host.unhealthy['web:2'] = 'still starting';
    host.calls.length = 0;
    const result = await deploy(shop({ database: 'database:2', api: 'api:2', web: 'web:2' }, {}, stack.name));
    expect(result.cause?.evidence?.lastProbeError).toBe('still starting');
    expect(result.outcome).toBe('rolled_back');
    const calls = host.calls
      .map((call) => call.replace(/ .*-test-/, ' '))
      .filter((call) => /^(remove|revive) /.test(call));
    expect(
      calls.filter((call) => call.startsWith('remove')).map((call) => call.replace(/remove (\w+)-.*/, '$1')),
    ).toEqual(['web', 'api', 'api', 'database']);
    expect(
      calls.filter((call) => call.startsWith('revive')).map((call) => call.replace(/revive (\w+)-.*/, '$1')),
    ).toEqual(['database', 'api', 'api', 'web']);
  });

  it('of a deployment that ran out of time says what it waited for, with the last probe and the logs', async () => {
    const stack = memoryStack(
      { app: { image: 'app:1', health_check: { command: ['check'], interval: '100ms', start_period: '1m' } } },
      { deployment: { timeout_seconds: 1 } },
    );
    host.unhealthy.app = 'connection refused';
    expect(await deploy(stack)).toMatchObject({
      outcome: 'rolled_back',
      cause: {
        step: 'timeout',
        service: 'app',
        message: 'not done within 1 s (deployment.timeout_seconds); not done: start app-1 (app:1)',
        evidence: { lastProbeError: 'connection refused', logs: ['log of app'] },
      },
    });
  });

  it('never hides a step that fails: the rest still run, and the result names what is left', async () => {
    const stack = shop();
    await deploy(stack);
    host.exits['web:2'] = 1;
    host.faults = [{ operation: 'remove', service: 'api', kind: 'software', message: 'will not go', times: 1 }];
    const result = await deploy(shop({ api: 'api:2', web: 'web:2' }, {}, stack.name));
    expect(result).toMatchObject({
      outcome: 'rollback_incomplete',
      leftBehind: [expect.stringContaining('will not go')],
    });
    expect(listing(stack).filter((line) => line.includes(' running '))).toHaveLength(5);

    expect(await deploy(stack)).toMatchObject({ outcome: 'unchanged' });
    expect(listing(stack).filter((line) => line.includes('-d2 '))).toEqual([]);
  });

  it('removes a volume that it created only while nothing may have mounted it', async () => {
    const unmounted = memoryStack({ a: { image: 'a:1' } }, { volumes: { spare: {} } });
    host.exits.a = 1;
    await deploy(unmounted);
    expect([...host.volumes.keys()]).not.toContain(`${unmounted.name}-test_spare`);

    const mounted = memoryStack({ a: { image: 'a:1', volumes: ['used:/data'] } }, { volumes: { used: {} } });
    await deploy(mounted);
    expect([...host.volumes.keys()]).toContain(`${mounted.name}-test_used`);
  });

  it('comes by itself when the deployment takes too long', async () => {
    const stack = memoryStack(
      { slow: { image: 'slow:1', health_check: { command: ['check'], interval: '10s' } } },
      { deployment: { timeout_seconds: 1 } },
    );
    host.unhealthy.slow = 'not yet';
    expect(await deploy(stack)).toMatchObject({
      outcome: 'rolled_back',
      cause: { step: 'timeout', message: expect.stringContaining('not done within 1 s') },
    });
    expect(listing(stack)).toEqual([]);
  });

  it('comes when the deployment is cancelled', async () => {
    const stack = memoryStack({ slow: { image: 'slow:1', health_check: { command: ['check'], interval: '10s' } } });
    host.unhealthy.slow = 'not yet';
    const handle = await engine.client.deploy(stack);
    await reached(handle, step('step.started', 'start slow-1'));
    await until(() => host.instances.get(`${stack.name}-test-slow-1-d1`)?.status.state === 'running');
    await handle.cancel('ana');
    expect(await handle.result()).toMatchObject({ outcome: 'cancelled', cause: { message: 'cancelled by ana' } });
    expect(listing(stack)).toEqual([]);
  });

  it('leaves things as they are where the file says so', async () => {
    const stack = memoryStack(
      { a: { image: 'a:1' }, b: { image: 'b:1', depends_on: ['a'] } },
      { deployment: { rollback_on_failure: false } },
    );
    host.exits.b = 1;
    expect(await deploy(stack)).toMatchObject({ outcome: 'left_as_is' });
    expect(listing(stack)).toHaveLength(2);
  });

  it('never starts an old instance beside the new one that was left as it is', async () => {
    const version = (db: string, web: string, name?: string) => {
      const made = memoryStack(
        { db: { image: db, volumes: ['data:/data'] }, web: { image: web, depends_on: ['db'] } },
        { volumes: { data: {} }, deployment: { rollback_on_failure: false } },
      );
      return name ? { ...made, name } : made;
    };
    const stack = version('db:1', 'web:1');
    await deploy(stack);
    host.exits['web:broken'] = 1;
    expect(await deploy(version('db:2', 'web:broken', stack.name))).toMatchObject({ outcome: 'left_as_is' });
    host.calls.length = 0;
    expect(await deploy(version('db:2', 'web:2', stack.name))).toMatchObject({
      outcome: 'succeeded',
      changed: ['web'],
    });
    expect(host.calls.filter((call) => call.startsWith('revive'))).toEqual([]);
    expect(listing(stack).filter((line) => line.includes('-db-1-d2 '))).toEqual([expect.stringContaining('running')]);
  });

  it('goes by hand to any kept release, which then is the current one', async () => {
    const stack = shop();
    const place = { stack: stack.name, environment: 'test' };
    for (const api of ['api:1', 'api:2', 'api:3']) await deploy(shop({ api }, {}, stack.name));
    expect(await (await engine.client.rollback(place, { to: 1 })).result()).toMatchObject({
      outcome: 'succeeded',
      release: 1,
      changed: ['api'],
    });
    expect(listing(stack).filter((line) => line.includes('-api-'))).toEqual([
      expect.stringContaining('api:1'),
      expect.stringContaining('api:1'),
    ]);
    expect((await engine.client.environment(place))?.current?.release).toBe(1);
    expect(await deploy(shop({ api: 'api:4' }, {}, stack.name))).toMatchObject({ release: 4 });
  });
});
