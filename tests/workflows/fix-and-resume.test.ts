import type { DeploymentHandle, Stack } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { startEngine, type TestEngine } from '../support/engine';
import { memoryStack } from '../support/memory-stack';

type Data = Record<string, unknown>;

describe('a deployment that fails and waits', () => {
  const host = new MemoryHost();
  let engine: TestEngine;
  beforeAll(
    async () => void (engine = await startEngine('remedy', { runtimes: { memory: createMemoryRuntime(host) } })),
  );
  afterAll(() => engine.close());
  afterEach(() => {
    host.exits = {};
    host.faults = [];
  });

  const waits = { deployment: { on_failure: 'wait', strategy: 'Sequential' } };
  const checked = { health_check: { command: ['check'], interval: '100ms', retries: 2 } };
  const shop = (version: string, name?: string, more: Data = waits, api: Data = {}): Stack => {
    const stack = memoryStack(
      {
        database: { image: `database:${version}`, ...checked },
        migrate: { image: `migrate:${version}`, kind: 'job', depends_on: { database: 'healthy' } },
        api: { image: `api:${version}`, replicas: 2, depends_on: { migrate: 'completed' }, ...checked, ...api },
        web: { image: `web:${version}`, depends_on: { api: 'healthy' }, ...checked },
      },
      more,
    );
    return name ? { ...stack, name } : stack;
  };
  const images = (name: string) =>
    [...host.instances.values()]
      .filter(({ spec, status }) => spec.stack === name && spec.kind === 'service' && status.state === 'running')
      .map(({ spec }) => spec.image ?? '')
      .sort();
  const starts = (name: string) =>
    host.calls
      .filter((call) => call.startsWith(`start ${name}-`))
      .map((call) => call.replace(/.*-test-(\w+)-(\d+)-.*/, '$1 $2'));
  const version = (number: string) => [`api:${number}`, `api:${number}`, `database:${number}`, `web:${number}`];
  const untilFailed = async (handle: DeploymentHandle): Promise<void> => {
    for await (const { failure } of handle.watch()) if (failure) return;
    throw new Error('it ended without waiting');
  };
  const steer = (handle: DeploymentHandle, action: 'retry' | 'abort') =>
    handle.steer({ action, by: 'ana', reason: 'I looked' });
  const amend = (handle: DeploymentHandle, stack: Stack, ...names: string[]) =>
    handle.amend({ by: 'ana', services: names.map((name) => stack.services[name]!) });

  /** A first release, and a second one whose api exits. */
  const failed = async (
    more: Data = waits,
    exits: Record<string, number> = { 'api:2': 3 },
  ): Promise<{ name: string; handle: DeploymentHandle }> => {
    const first = shop('1');
    expect(await (await engine.client.deploy(first)).result()).toMatchObject({ outcome: 'succeeded' });
    host.exits = exits;
    host.calls.length = 0;
    const handle = await engine.client.deploy(shop('2', first.name, more));
    await untilFailed(handle);
    return { name: first.name, handle };
  };

  it('shows why, with what failed put back and the rest as it shall be', async () => {
    const { name, handle } = await failed();
    expect(await handle.progress()).toMatchObject({
      status: 'waiting',
      failure: { cause: { service: 'api', message: expect.stringContaining('exited 3') as string } },
    });
    expect(images(name)).toEqual(['api:1', 'api:1', 'database:2', 'web:1']);
    await steer(handle, 'abort');
    expect(await handle.result()).toMatchObject({
      outcome: 'rolled_back',
      cause: { service: 'api' },
      leftBehind: [],
      steering: [{ action: 'abort', by: 'ana', reason: 'I looked' }],
    });
    expect(images(name)).toEqual(version('1'));
  });

  it('does again what was through when that is amended, be it in its variables only', async () => {
    const { name, handle } = await failed();
    host.exits = {};
    const mended = shop('2', name, waits, { image: 'api:2b' });
    const database = { ...mended.services.database!, variables: { LEVEL: 'debug' } };
    await handle.amend({ by: 'ana', services: [database, mended.services.api!] });
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    const running = [...host.instances.values()].filter(
      ({ spec, status }) => spec.stack === name && spec.service === 'database' && status.state === 'running',
    );
    expect(running.map(({ spec }) => spec.variables.LEVEL)).toEqual(['debug']);
  });

  it('takes no amendment of a job that has run: it would have to run twice', async () => {
    const { name, handle } = await failed();
    const mended = shop('2', name, waits, { image: 'api:2b' });
    const migrate = { ...mended.services.migrate!, variables: { LEVEL: 'debug' } };
    await expect(handle.amend({ by: 'ana', services: [migrate, mended.services.api!] })).rejects.toMatchObject({
      message: expect.stringContaining('migrate has already run in this deployment'),
    });
    await steer(handle, 'abort');
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', leftBehind: [] });
  });

  it('goes on where it failed when it is tried again', async () => {
    const { name, handle } = await failed();
    host.exits = {};
    await steer(handle, 'retry');
    expect(await handle.result()).toMatchObject({
      outcome: 'succeeded',
      release: 2,
      leftBehind: [],
      steering: [{ action: 'retry' }],
    });
    expect(images(name)).toEqual(version('2'));
    expect(starts(name).filter((start) => !start.startsWith('api'))).toEqual(['database 1', 'migrate 1', 'web 1']);
    expect(await (await engine.client.deploy(shop('2', name))).result()).toMatchObject({ outcome: 'unchanged' });
  });

  it('fails again, waits again, and can still be rolled back as a whole', async () => {
    const { name, handle } = await failed();
    await steer(handle, 'retry');
    await untilFailed(handle);
    await steer(handle, 'abort');
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', leftBehind: [] });
    expect(images(name)).toEqual(version('1'));
  });

  it('goes on with a service as it was amended, and the release is that', async () => {
    const { name, handle } = await failed();
    host.exits = {};
    const mended = shop('2', name, waits, { image: 'api:3', environment: { MODE: 'safe' } });
    await amend(handle, mended, 'api');
    expect(await handle.result()).toMatchObject({
      outcome: 'succeeded',
      leftBehind: [],
      steering: [{ action: 'amend', service: 'api', by: 'ana' }],
    });
    expect(images(name)).toEqual(['api:3', 'api:3', 'database:2', 'web:2']);
    expect((await engine.client.release({ stack: name, environment: 'test' }, 2)).stack.services.api).toMatchObject({
      image: 'api:3',
      variables: { MODE: 'safe' },
    });
    expect(await (await engine.client.deploy(mended)).result()).toMatchObject({ outcome: 'unchanged' });
  });

  it('takes no amendment that is none, or of what others hang on', async () => {
    const { name, handle } = await failed();
    await expect(amend(handle, shop('2', name), 'api')).rejects.toThrow(
      'api is unchanged; change it in the stack file, or try it again with `retry`',
    );
    await expect(amend(handle, shop('2', name, waits, { replicas: 3 }), 'api')).rejects.toThrow(
      'replicas of api cannot be amended',
    );
    await expect(
      amend(handle, shop('2', name, waits, { resources: { reserve: { cpus: 20_000 } } }), 'api'),
    ).rejects.toThrow('has 10000 CPUs');
    await expect(handle.amend({ by: 'ana', services: [{ name: 'api' } as never] })).rejects.toThrow();
    await steer(handle, 'abort');
    await handle.result();
    await expect(amend(handle, shop('3', name), 'api')).rejects.toThrow('the deployment has ended');
  });

  it('runs a failed job again, in a container of its own', async () => {
    const { name, handle } = await failed(waits, { 'migrate:2': 1 });
    expect(images(name)).toEqual(['api:1', 'api:1', 'database:2', 'web:1']);
    host.exits = {};
    await steer(handle, 'retry');
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    expect(starts(name).filter((start) => start.startsWith('migrate'))).toEqual(['migrate 1', 'migrate 1']);
    expect(images(name)).toEqual(version('2'));
  });

  it('waits for an image that cannot be pulled, and goes on with another', async () => {
    const first = shop('1');
    await (await engine.client.deploy(first)).result();
    host.faults = [{ operation: 'ensureImage', service: '*', kind: 'software', message: 'no such image', times: 1 }];
    const handle = await engine.client.deploy(shop('2', first.name, waits, { image: 'api:typo' }));
    await untilFailed(handle);
    expect(images(first.name)).toEqual(version('1'));
    await amend(handle, shop('2', first.name), 'api');
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    expect(images(first.name)).toEqual(version('2'));
  });

  it('sends requests back to the old instances while it waits', async () => {
    const exposed = {
      expose: { port: 8080, host_port: 80 },
      strategy: { canary: { steps: [{ weight: 50, bake: '50ms' }] } },
    };
    const first = shop('1', undefined, waits, exposed);
    await (await engine.client.deploy(first)).result();
    const targets = () =>
      host
        .get(`${first.name}-test-load-balancer-1-d1`)
        .traffic.tables.flatMap((table) =>
          table.targets.map(({ address, weight }) => `${address.replace(`${first.name}-test-`, '')} ${weight}`),
        );
    const before = targets();
    host.exits = { 'api:2': 3 };
    const handle = await engine.client.deploy(shop('2', first.name, waits, exposed));
    await untilFailed(handle);
    expect(targets()).toEqual(before);
    host.exits = {};
    await steer(handle, 'retry');
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    expect(targets()).toEqual(['api-1-d2:8080 50', 'api-2-d2:8080 50']);
  });

  it('is rolled back when nobody comes in time', async () => {
    const { name, handle } = await failed({ deployment: { ...waits.deployment, wait_limit: '1s' } });
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back', cause: { service: 'api' }, leftBehind: [] });
    expect(images(name)).toEqual(version('1'));
  });

  it('has all its time again after it ran out of it', async () => {
    const first = shop('1');
    await (await engine.client.deploy(first)).result();
    host.unhealthy = { 'api:2': 'connection refused' };
    const handle = await engine.client.deploy(
      shop(
        '2',
        first.name,
        { deployment: { ...waits.deployment, timeout_seconds: 2 } },
        { health_check: { command: ['check'], interval: '100ms', start_period: '1m' } },
      ),
    );
    await untilFailed(handle);
    expect(await handle.progress()).toMatchObject({ failure: { cause: { step: 'timeout', service: 'api' } } });
    host.unhealthy = {};
    await steer(handle, 'retry');
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    expect(images(first.name)).toEqual(version('2'));
  });

  it('does not wait where nobody stands by', async () => {
    const first = shop('1');
    await (await engine.client.deploy(first)).result();
    host.exits = { 'api:2': 3 };
    const handle = await engine.client.deploy(shop('2', first.name), { automatic: true });
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back' });
  });
});
