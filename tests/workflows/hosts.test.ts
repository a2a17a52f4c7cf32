import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import type { Stack } from '../../src/config';
import { startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { stackOf, uniqueName } from '../support/stack';
import { itInFull } from '../support/exhaustive';

type Data = Record<string, unknown>;

const checked = { health_check: { command: ['check'], interval: '100ms', retries: 2 } };
const addresses: Record<string, string> = { alpha: '10.0.0.1', beta: '10.0.0.2', gamma: '10.0.0.3' };

describe('a stack over several hosts', () => {
  const hosts = { alpha: new MemoryHost(), beta: new MemoryHost(), gamma: new MemoryHost() };
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startEngine('hosts', {
      hosts: Object.entries(hosts).map(([name, host]) => ({ name, runtimes: { memory: createMemoryRuntime(host) } })),
    });
  });
  afterAll(() => engine.close());

  const named = (names: string[]) =>
    Object.fromEntries(
      names.map((name) => [name, { address: addresses[name], zone: name === 'alpha' ? 'data' : 'edge' }]),
    );
  const stack = (name: string, services: Record<string, Data>, of = ['alpha', 'beta'], more: Data = {}): Stack =>
    stackOf({
      name,
      environment: 'test',
      infrastructure: { container_runtime: 'Memory', hosts: named(of) },
      volumes: { data: {} },
      services,
      ...more,
    });
  const shop = (
    name: string,
    images: { db?: string; web?: string } = {},
    of?: string[],
    web: Data = { zone: 'edge' },
    more?: Data,
  ) =>
    stack(
      name,
      {
        db: { image: images.db ?? 'db:1', zone: 'data', ports: ['5432:5432'], volumes: ['data:/d'], ...checked },
        web: { image: images.web ?? 'web:1', depends_on: { db: 'healthy' }, replicas: 2, ...checked, ...web },
      },
      of,
      more,
    );
  const on = (host: MemoryHost, name: string) =>
    [...host.instances.values()]
      .filter(({ spec, status }) => spec.stack === name && status.state === 'running')
      .map(({ spec }) => `${spec.service}-${spec.ordinal}-d${spec.deployment}`)
      .sort();
  const deploy = async (of: Stack, options = {}) => (await engine.client.deploy(of, options)).result();

  it('is deployed, looked at, changed, put back and stopped as one', async () => {
    const name = uniqueName('shop');
    expect(await deploy(shop(name))).toMatchObject({ outcome: 'succeeded' });
    expect([on(hosts.alpha, name), on(hosts.beta, name)]).toEqual([['db-1-d1'], ['web-1-d1', 'web-2-d1']]);
    expect([...hosts.beta.instances.values()].find(({ spec }) => spec.stack === name)!.spec.extraHosts).toEqual([
      'db:10.0.0.1',
    ]);
    expect(hosts.beta.volumes.has(`${name}-test_data`)).toBe(false);
    const { found: lines } = await engine.client.status(shop(name));
    expect(lines.map(({ service, ordinal, host }) => `${service}-${ordinal} ${host}`).sort()).toEqual([
      'db-1 alpha',
      'web-1 beta',
      'web-2 beta',
    ]);
    expect(await deploy(shop(name))).toMatchObject({ outcome: 'unchanged' });

    const { plan } = await engine.client.plan(shop(name, { db: 'db:2', web: 'web:2' }));
    expect(plan.host).toBe('alpha, beta');
    expect(
      plan.phases.flatMap(({ services }) => services.flatMap(({ steps }) => steps.map(({ title }) => title))),
    ).toEqual(expect.arrayContaining(['start db-1 (db:2) on alpha', 'start web-1 (web:2) on beta']));

    hosts.beta.unhealthy['web:2'] = 'answers 500';
    expect(await deploy(shop(name, { db: 'db:2', web: 'web:2' }))).toMatchObject({
      outcome: 'rolled_back',
      cause: { service: 'web' },
      leftBehind: [],
    });
    expect([on(hosts.alpha, name), on(hosts.beta, name)]).toEqual([['db-1-d1'], ['web-1-d1', 'web-2-d1']]);

    expect(await (await engine.client.stop(shop(name))).result()).toMatchObject({ outcome: 'succeeded' });
    expect([on(hosts.alpha, name), on(hosts.beta, name)]).toEqual([[], []]);
  });

  it('moves a service that may move, and puts it back where it was when that fails', async () => {
    const name = uniqueName('move');
    const of = ['alpha', 'beta', 'gamma'];
    await deploy(shop(name, {}, of, { host: 'beta' }));
    hosts.gamma.unhealthy['web:2'] = 'answers 500';
    expect(await deploy(shop(name, { web: 'web:2' }, of, { host: 'gamma' }))).toMatchObject({
      outcome: 'rolled_back',
      leftBehind: [],
    });
    expect([on(hosts.beta, name), on(hosts.gamma, name)]).toEqual([['web-1-d1', 'web-2-d1'], []]);
    expect(await deploy(shop(name, {}, of, { host: 'gamma' }))).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    expect([on(hosts.beta, name), on(hosts.gamma, name)]).toEqual([[], ['web-1-d3', 'web-2-d3']]);
    expect(await deploy(shop(name, {}, of, { zone: 'edge' }))).toMatchObject({ outcome: 'succeeded', changed: [] });
    expect(
      await (await engine.client.rollback({ stack: name, environment: 'test' }, { to: 1 })).result(),
    ).toMatchObject({ outcome: 'succeeded' });
    expect([on(hosts.beta, name), on(hosts.gamma, name)]).toEqual([['web-1-d5', 'web-2-d5'], []]);
  });

  it('does not leave data behind for an empty volume', async () => {
    const name = uniqueName('data');
    await deploy(shop(name));
    const moved = stack(name, { db: { image: 'db:1', host: 'beta', volumes: ['data:/d'] } });
    expect(await deploy(moved)).toMatchObject({
      outcome: 'refused',
      refusals: [{ path: 'services.db', message: expect.stringContaining('its data is on alpha') }],
    });
  });

  it('takes what a host has that the file no longer names', async () => {
    const name = uniqueName('former');
    const small = (of: string[]) => stack(name, { web: { image: 'web:1', replicas: 2, ...checked } }, of);
    await deploy(small(['beta', 'gamma']));
    const home = on(hosts.beta, name).length > 0 ? 'beta' : 'gamma';
    const other = home === 'beta' ? 'gamma' : 'beta';
    expect(await deploy(small([other]))).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    expect([on(hosts[home], name), on(hosts[other], name)]).toEqual([[], ['web-1-d2', 'web-2-d2']]);
  });

  it('is watched on each of its hosts', async () => {
    const name = uniqueName('watched');
    await deploy(shop(name, {}, undefined, { zone: 'edge' }, { watch: { interval: '100ms' } }));
    hosts.beta.exit(`${name}-test-web-2-d1`, 1);
    hosts.alpha.exit(`${name}-test-db-1-d1`, 1);
    await eventually(async () =>
      expect([on(hosts.alpha, name), on(hosts.beta, name)]).toEqual([['db-1-d1'], ['web-1-d1', 'web-2-d1']]),
    );
    hosts.alpha.instances.delete(`${name}-test-db-1-d1`);
    await eventually(async () =>
      expect((await engine.client.environment({ stack: name, environment: 'test' }))!.watch!.drift).toEqual([
        'db-1 is missing (on alpha)',
      ]),
    );
  });

  it('says which host nobody serves', async () => {
    const name = uniqueName('unserved');
    await expect(deploy(stack(name, { web: { image: 'web:1' } }, ['alpha', 'delta']))).rejects.toMatchObject({
      message: expect.stringContaining('no worker serves the host delta'),
    });
  });

  it('shows what runs on the others while one host is away', async () => {
    const name = uniqueName('partly');
    await deploy(shop(name));
    const wider = shop(name, {}, ['alpha', 'beta', 'delta']);
    const delta = { host: 'delta', reason: expect.stringContaining('no worker serves the host delta') };

    const { client } = engine;
    const onlyDelta = { ...wider, hosts: wider.hosts!.filter((host) => host.name === 'delta') };
    // Side by side: each waits for the host that is away.
    const [{ found, away }, logs, volumes, done, nowhere, alone] = await Promise.all([
      client.status(wider),
      client.logs(wider, ['db'], 5),
      client.volumes(wider),
      client.exec(wider, `${name}-test-db-1-d1`, ['true']),
      client.exec(wider, `${name}-test-none-1-d1`, ['true']).catch((error: Error) => error),
      client.status(onlyDelta).catch((error: Error) => error),
    ]);
    expect(found.map(({ service, ordinal, host }) => `${service}-${ordinal} ${host}`).sort()).toEqual([
      'db-1 alpha',
      'web-1 beta',
      'web-2 beta',
    ]);
    expect(away).toEqual([delta]);
    expect(logs).toMatchObject({ found: [{ name: `${name}-test-db-1-d1` }], away: [delta] });
    expect(volumes).toMatchObject({ found: [{ name: `${name}-test_data`, host: 'alpha' }], away: [delta] });
    expect(done).toMatchObject({ exitCode: 0 });
    expect(nowhere).toMatchObject({
      cause: { message: expect.stringContaining('it may be on a host that is away: delta: no worker serves') },
    });
    expect(alone).toMatchObject({ message: expect.stringContaining('no worker serves the host delta') });
  }, 180_000);

  itInFull(
    'waits for a host whose worker is gone as for any platform, and leaves a lost one out by force',
    async () => {
      const name = uniqueName('lost');
      const apart = await startEngine('hosts', {
        hosts: [{ name: 'epsilon', runtimes: { memory: createMemoryRuntime() } }],
        hostsOnly: true,
      });
      const on = (of: string[]) =>
        stack(name, { web: { image: 'web:1' } }, of, { deployment: { platform_timeout: '1s' } });
      expect(await deploy(on(['epsilon']))).toMatchObject({ outcome: 'succeeded' });
      await apart.close();
      expect(await deploy(on(['alpha']))).toMatchObject({
        outcome: 'refused',
        cause: { message: expect.stringContaining('no worker serves the host epsilon') },
      });
      expect(await deploy(on(['alpha']), { force: true })).toMatchObject({
        outcome: 'succeeded',
        warnings: [expect.stringContaining('the host epsilon cannot be reached and is left out')],
      });
    },
    120_000,
  );
});
