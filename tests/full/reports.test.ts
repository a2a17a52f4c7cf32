import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Stack } from '../../src/config';
import { freePort } from '../../src/guard/free-port';
import { docker, dockerStack, healthy, states, wipe } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import { stackOf, uniqueName } from '../support/stack';

const idle = { image: images.app, command: ['sleep', '3600'], stop_grace_period: '1s' };

/** Each behaviour was a bug in another tool; the reports are named. Values in containers: integration/reports. */
describeWith('docker', 'what public bug reports of other tools tell', () => {
  let engine: TestEngine;
  const used = new Set<string>();
  beforeAll(async () => void (engine = await startEngine('reports-full')));
  afterEach(async () => {
    for (const stack of used) await wipe(stack);
    used.clear();
  });
  afterAll(() => engine.close());

  const deploy = async (stack: Stack, options = {}) => {
    used.add(stack.name);
    return (await engine.client.deploy(stack, options)).result();
  };
  /** The same stack with other services. */
  const next = (stack: Stack, services: object, more: object = {}): Stack => ({
    ...dockerStack(services as never, more as never),
    name: stack.name,
  });
  const containerOf = (stack: Stack, instance: string) => docker.getContainer(`${stack.name}-test-${instance}`);

  // docker/compose#4600
  it('a network that exists becomes internal by no silent wish', async () => {
    const services = { app: { ...idle, networks: ['back'] } };
    const stack = dockerStack(services, { networks: { back: {} } });
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
    const internal = next(stack, services, { networks: { back: { internal: true } } });
    expect(await deploy(internal)).toMatchObject({
      outcome: 'refused',
      refusals: [expect.objectContaining({ path: 'networks.back.internal' })],
    });
    await (await engine.client.stop(stack)).result();
    expect(await deploy(internal)).toMatchObject({ outcome: 'succeeded' });
    expect(await docker.getNetwork(`${stack.name}-test_back`).inspect()).toMatchObject({ Internal: true });
  });

  // docker/compose#9330, #6569
  it('gateway, ip_range and a second subnet of ipam reach Docker', async () => {
    const config = [
      { subnet: '10.43.10.0/24', gateway: '10.43.10.254', ip_range: '10.43.10.128/25' },
      { subnet: 'fd00:43::/64' },
    ];
    const stack = dockerStack({ app: { ...idle, networks: ['lan'] } }, { networks: { lan: { ipam: { config } } } });
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
    const { IPAM } = (await docker.getNetwork(`${stack.name}-test_lan`).inspect()) as { IPAM: { Config: object[] } };
    expect(IPAM.Config).toEqual([
      { Subnet: '10.43.10.0/24', IPRange: '10.43.10.128/25', Gateway: '10.43.10.254' },
      expect.objectContaining({ Subnet: 'fd00:43::/64' }),
    ]);
  });

  // docker/compose#5745
  it('a network that was pruned with its stopped containers comes back with the next deployment', async () => {
    const stack = dockerStack({ app: idle, other: idle }, { watch: { enabled: false } });
    await deploy(stack);
    for (const name of ['app-1-d1', 'other-1-d1']) await containerOf(stack, name).stop();
    await docker.getNetwork(`${stack.name}-test_default`).remove();
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
    expect(await states(stack.name)).toEqual(['app-1-d2 running', 'other-1-d2 running']);
  });

  // docker/compose#4494
  it('a paused container is replaced, comes back in a rollback, and is stopped', async () => {
    const stack = dockerStack({ app: idle }, { watch: { enabled: false } });
    await deploy(stack);
    await containerOf(stack, 'app-1-d1').pause();
    expect(await deploy(next(stack, { app: { ...idle, image: images.broken, command: ['/bin/app'] } }))).toMatchObject({
      outcome: 'rolled_back',
    });
    expect(await states(stack.name)).toEqual([expect.stringMatching(/^app-1-d1 (running|paused)$/)]);
    expect(await deploy(next(stack, { app: { ...idle, environment: { V: '2' } } }))).toMatchObject({
      outcome: 'succeeded',
    });
    await containerOf(stack, 'app-1-d3').pause();
    expect(await (await engine.client.stop(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    expect(await states(stack.name)).toEqual([]);
  });

  // moby/moby#43737
  it('a probe that runs into its timeout leaves no process behind', async () => {
    const hangs = 'if [ -e /hang ]; then exec sleep 7777; fi';
    const until = 'touch /hang; sleep 5; /bin/busybox rm /hang; sleep 3600';
    const health_check = { command: ['sh', '-c', hangs], interval: '500ms', timeout: '500ms', retries: 60 };
    const stack = dockerStack({ app: { ...idle, command: ['sh', '-c', until], health_check } });
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
    const { Processes } = (await containerOf(stack, 'app-1-d1').top()) as { Processes: string[][] };
    expect(Processes.filter((process) => process.at(-1)!.includes('7777'))).toEqual([]);
  });

  // moby/moby#37971
  it('the tenth deployment of a service with a long name serves like the ninth', async () => {
    const port = await freePort();
    const name = uniqueName('long');
    // 63 characters for the instance of deployment 9, 64 for that of deployment 10.
    const long = 'callbacks-'.padEnd(63 - `${name}-test--1-d9`.length, 'x');
    const version = (V: number) =>
      stackOf({
        name,
        environment: 'test',
        services: {
          [long]: {
            image: images.app,
            environment: { V: String(V) },
            expose: { port: 8080, host_port: port },
            drain_timeout: '1s',
            ...healthy,
          },
        },
      });
    for (let count = 1; count <= 10; count += 1) {
      expect(await deploy(version(count))).toMatchObject({ outcome: 'succeeded', deployment: count });
      expect((await fetch(`http://127.0.0.1:${port}/version`)).status).toBe(200);
    }
  }, 600_000);

  // docker/compose#9030, #8136
  it('a service without logs hides neither those of others nor its exit code', async () => {
    const services = (code: number) => ({
      mute: {
        ...idle,
        command: ['sh', '-c', `echo mute; [ ${code} = 0 ] || exit ${code}; sleep 3600`],
        logging: { driver: 'none' },
      },
      loud: { ...idle, command: ['sh', '-c', 'echo loud; sleep 3600'] },
    });
    const stack = dockerStack(services(0));
    await deploy(stack);
    const { found } = await engine.client.logs(stack, [], 10);
    const lines = new Map(found.map((log) => [log.name.split('-test-')[1], log.lines.join('\n')]));
    expect(lines.get('loud-1-d1')).toContain('loud');
    expect(await deploy(next(stack, services(3)))).toMatchObject({
      outcome: 'rolled_back',
      cause: { message: 'mute-1 exited 3' },
    });
  });

  // docker/compose#13899
  it('services without replicas stop nothing, whoever depends on them', async () => {
    const stack = dockerStack({
      independent: idle,
      dependency: { image: images.app, replicas: 0, ...healthy },
      absent: { ...idle, replicas: 0, depends_on: { dependency: 'healthy' } },
      dependent: { ...idle, depends_on: { dependency: 'healthy' } },
    });
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
    expect(await states(stack.name)).toEqual(['dependent-1-d1 running', 'independent-1-d1 running']);
  });

  // k3d-io/k3d#31, docker/compose#9860
  it('a port that somebody holds fails the deployment, and the next one succeeds when it is free', async () => {
    const socket = createSocket('udp4').bind(0, '0.0.0.0');
    await once(socket, 'listening');
    const { port } = socket.address();
    const stack = dockerStack({ dns: { ...idle, ports: [`${port}:53/udp`] } });
    expect(await deploy(stack)).toMatchObject({ outcome: 'rolled_back', leftBehind: [] });
    expect(await states(stack.name)).toEqual([]);
    socket.close();
    await once(socket, 'close');
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
  });

  it('a job whose container was pruned does not run again', async () => {
    const services = (V: string) => ({
      migrate: { ...idle, kind: 'job', command: ['true'], stop_grace_period: undefined },
      app: { ...idle, environment: { V }, depends_on: { migrate: 'completed' } },
    });
    const stack = dockerStack(services('1'));
    await deploy(stack);
    await containerOf(stack, 'migrate-1-d1').remove();
    expect(await deploy(next(stack, services('2')))).toMatchObject({ outcome: 'succeeded', changed: ['app'] });
    expect(await states(stack.name)).toEqual(['app-1-d2 running']);
  });

  // portainer/portainer#4661, #3445, #7982
  it('a line of megabytes does not hide the exit code, and is cut', async () => {
    const command = "/bin/busybox head -c 20000000 /dev/zero | /bin/busybox tr '\\0' x; echo; echo the end; exit 7";
    const health_check = { tcp: ':1', interval: '1s', retries: 60 };
    const stack = dockerStack({ app: { ...idle, command: ['sh', '-c', command], health_check } });
    const { outcome, cause } = await deploy(stack);
    expect({ outcome, exitCode: cause?.evidence?.exitCode }).toEqual({ outcome: 'rolled_back', exitCode: 7 });
    expect(JSON.stringify(cause).length).toBeLessThan(100_000);
  });

  it('a service is not started before a job that only people run has completed', async () => {
    const stack = dockerStack({
      seed: { kind: 'job', run: 'manual', image: images.app, command: ['true'] },
      app: { ...idle, depends_on: { seed: 'completed' } },
    });
    expect(await deploy(stack)).toMatchObject({
      outcome: 'refused',
      refusals: [expect.objectContaining({ path: 'services.app.depends_on.seed' })],
    });
    expect(await states(stack.name)).toEqual([]);
  });

  // docker/compose#6764, moby/moby#15757
  it('a collector of logs in the same stack comes first by depends_on', async () => {
    const port = await freePort();
    const options = { 'fluentd-address': `127.0.0.1:${port}` };
    const stack = dockerStack({
      app: { ...idle, depends_on: ['collector'], logging: { driver: 'fluentd', options } },
      collector: { image: images.app, ports: [`${port}:8080`], ...healthy },
    });
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
  });

  // helm/helm#8281
  it('files of a megabyte together are deployed, byte for byte', async () => {
    const content = (letter: string) => `${letter.repeat(76)}\n`.repeat(7000);
    const configs = { a: { content: content('a') }, b: { content: content('b') } };
    const stack = dockerStack({ app: { ...idle, replicas: 2, configs: { a: '/a', b: '/b' } } }, { configs });
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
    const { output } = await engine.client.exec(stack, `${stack.name}-test-app-2-d1`, ['stat', '-c', '%s', '/a', '/b']);
    expect(output).toBe('539000\n539000\n');
  });
});
