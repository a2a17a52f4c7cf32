import { createServer } from 'node:net';
import { once } from 'node:events';
import type { Stack } from '../../src/config';
import { freePort } from '../../src/guard/free-port';
import { docker, dockerStack, healthy, states, wipe } from '../support/docker-world';
import { startEngine, type TestEngine } from '../support/engine';
import { images } from '../support/image';
import { describeWith } from '../support/parts';

/** A host is shared with containers, volumes and networks of others, and they may have any name. */
describeWith('docker', "what is not the stack's own", () => {
  let engine: TestEngine;
  const used = new Set<string>();
  const strangers: string[] = [];
  beforeAll(async () => void (engine = await startEngine('strangers')));
  afterAll(async () => {
    for (const id of strangers)
      await docker
        .getContainer(id)
        .remove({ force: true, v: true })
        .catch(() => undefined);
    for (const stack of used) await wipe(stack);
    await engine.close();
  });

  const deploy = async (stack: Stack, options = {}) => {
    used.add(stack.name);
    return (await engine.client.deploy(stack, options)).result();
  };
  const stranger = async (name: string, more: object = {}) => {
    const container = await docker.createContainer({ name, Image: images.app, ...more });
    strangers.push(container.id);
    await container.start();
    return container;
  };

  it('with the name of an instance is left alone by the deployment that fails, and by its rollback', async () => {
    const stack = dockerStack({ app: { image: images.app, ...healthy } });
    const taken = await stranger(`${stack.name}-test-app-1-d1`);
    used.add(stack.name);
    const handle = await engine.client.deploy(stack);
    const result = await handle.result();
    expect(result).toMatchObject({ outcome: 'rolled_back', leftBehind: [] });
    expect(JSON.stringify(await handle.progress())).not.toContain(`remove ${stack.name}-test-app-1-d1`);
    expect(JSON.stringify(result.cause)).toContain(
      `the name ${stack.name}-test-app-1-d1 is taken by a container that does not belong to this stack`,
    );
    expect((await taken.inspect()).State).toMatchObject({ Running: true });
    await taken.rename({ name: `${stack.name}-moved` });
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
    expect((await taken.inspect()).State).toMatchObject({ Running: true });
    expect(await states(stack.name)).toEqual(['app-1-d2 running']);
  });

  it('is not executed in, and none of its volumes is removed, whatever a client asks for', async () => {
    const stack = dockerStack({ app: { image: images.app, ...healthy } });
    await deploy(stack);
    const other = await stranger(`${stack.name}-test-other`, {
      Labels: { 'deploy-code.stack': stack.name, 'deploy-code.environment': 'elsewhere' },
    });
    const Name = `${stack.name}-precious`;
    await docker.createVolume({ Name });
    try {
      for (const name of [other.id, `${stack.name}-test-other`])
        await expect(engine.client.exec(stack, name, ['touch', '/touched'])).rejects.toThrow();
      await expect(engine.client.removeVolume(stack, Name)).rejects.toThrow();
      expect(await docker.getVolume(Name).inspect()).toMatchObject({ Name });
      expect(await other.changes()).not.toContainEqual(expect.objectContaining({ Path: '/touched' }));
    } finally {
      await docker.getVolume(Name).remove();
    }
  });

  it('is not taken for an instance because its image carries labels of the engine', async () => {
    const stack = dockerStack({ app: { image: `deploy-code-test/labelled-${process.pid}:1`, ...healthy } });
    const labels = {
      'deploy-code.stack': stack.name,
      'deploy-code.environment': 'test',
      'deploy-code.health': '{"probe":',
      'deploy-code.reserve': '{"memory":1e15}',
    };
    const source = await stranger(`labelled-${process.pid}`, { Labels: labels });
    await source.commit({ repo: `deploy-code-test/labelled-${process.pid}`, tag: '1' });
    try {
      expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
      expect((await engine.client.status(stack)).found.map(({ name, health }) => [name, health])).toEqual([
        [`${stack.name}-test-app-1-d1`, 'healthy'],
      ]);
      expect(await (await engine.client.stop(stack)).result()).toMatchObject({ outcome: 'succeeded' });
      expect((await source.inspect()).State).toMatchObject({ Running: true });
    } finally {
      await wipe(stack.name);
      await docker.getImage(`deploy-code-test/labelled-${process.pid}:1`).remove({ force: true });
    }
  });

  it('may have the same host port at another address', async () => {
    const port = await freePort();
    const listener = createServer().listen(port, '127.0.0.1');
    await once(listener, 'listening');
    const stack = dockerStack({ app: { image: images.app, ports: [`127.0.0.2:${port}:8080`], ...healthy } });
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
    expect(await fetch(`http://127.0.0.2:${port}/healthz`).then((response) => response.text())).toBe('ok\n');
    listener.close();
  });

  it('is told from a renamed service, which takes its port and its volume over, and back', async () => {
    const port = await freePort();
    const stack = (service: string, image: string, name?: string) => {
      const made = dockerStack(
        { [service]: { image, ports: [`${port}:8080`], volumes: ['data:/data'], ...healthy } },
        { volumes: { data: {} } },
      );
      return name ? { ...made, name } : made;
    };
    const first = stack('web', images.app);
    await deploy(first);
    expect(await deploy(stack('frontend', images.broken, first.name), { force: true })).toMatchObject({
      outcome: 'rolled_back',
    });
    expect(await states(first.name)).toEqual(['web-1-d1 running']);
    expect(await deploy(stack('frontend', images.next, first.name), { force: true })).toMatchObject({
      outcome: 'succeeded',
    });
    expect(await states(first.name)).toEqual(['frontend-1-d3 running']);
  });

  it('turns off the HEALTHCHECK of an image where the file says so', async () => {
    const stack = dockerStack({ app: { image: images.app, healthcheck: { disable: true }, stop_grace_period: '2s' } });
    await deploy(stack);
    const { Config } = await docker.getContainer(`${stack.name}-test-app-1-d1`).inspect();
    expect(Config.Healthcheck).toMatchObject({ Test: ['NONE'] });
    expect(await deploy(stack)).toMatchObject({ outcome: 'unchanged' });
  });

  it('sees a front door reach instances whose names would be too long for a domain name', async () => {
    const port = await freePort();
    const long = 'payment-provider-callbacks-of-checkouts';
    const stack = dockerStack({
      [long]: { image: images.app, expose: { port: 8080, host_port: port }, drain_timeout: '1s', ...healthy },
    });
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
    expect((await fetch(`http://127.0.0.1:${port}/version`)).status).toBe(200);
  });
});
