import { startEngine, type TestEngine } from '../support/engine';
import { docker, dockerStack, healthy, layered, listing, states, wipe } from '../support/docker-world';
import { eventually } from '../support/eventually';
import { buildOnApp, images } from '../support/image';
import { describeWith } from '../support/parts';
import type { Stack } from '../../src/config';

describeWith('docker', 'a deployment on Docker', () => {
  let engine: TestEngine;
  const used = new Set<string>();
  beforeAll(async () => void (engine = await startEngine('docker')));
  afterAll(async () => {
    for (const stack of used) await wipe(stack);
    await engine.close();
  });

  const deploy = async (stack: Stack, options = {}) => {
    used.add(stack.name);
    return (await engine.client.deploy(stack, options)).result();
  };
  const with20 = (name?: string, change?: (index: number) => Record<string, unknown>) => {
    const stack = dockerStack(layered(20, 4, change), { infrastructure: { network: { cidr: '10.218.0.0/16' } } });
    return name ? { ...stack, name } : stack;
  };

  describe('of 20 services in 4 phases', () => {
    let stack: Stack;
    beforeAll(() => void (stack = with20()));

    it('comes up, each service finding what it depends on by name', async () => {
      expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded', release: 1 });
      expect(await states(stack.name)).toEqual(
        Array.from({ length: 20 }, (_, index) => `s${index}-1-d1 running`).sort(),
      );
    });

    it('plans, and changes nothing, when nothing changed', async () => {
      const before = await listing(stack.name);
      const { plan } = await engine.client.plan(
        with20(stack.name, (index) => (index === 19 ? { image: images.next } : {})),
      );
      expect(plan.changes).toBe(true);
      expect(await listing(stack.name)).toEqual(before);
      expect(await deploy(stack)).toMatchObject({ outcome: 'unchanged' });
      expect(await listing(stack.name)).toEqual(before);
    });

    it('replaces one when one changed', async () => {
      expect(await deploy(with20(stack.name, (index) => (index === 7 ? { image: images.next } : {})))).toMatchObject({
        outcome: 'succeeded',
        changed: ['s7'],
        release: 2,
      });
      expect((await states(stack.name)).filter((line) => !line.includes('-d1 '))).toEqual(['s7-1-d3 running']);
    });

    it('puts everything back when one is broken in the last phase', async () => {
      const before = await listing(stack.name);
      const result = await deploy(
        with20(stack.name, (index) =>
          index === 19
            ? { image: images.broken }
            : index === 3
              ? { environment: { A: '1' } }
              : index === 7
                ? { image: images.next }
                : {},
        ),
      );
      expect(result).toMatchObject({
        outcome: 'rolled_back',
        release: 2,
        cause: {
          service: 's19',
          message: 's19-1 exited 1',
          evidence: { exitCode: 1, outOfMemory: false, logs: expect.arrayContaining(['told to crash: no reason']) },
        },
      });
      expect(await listing(stack.name)).toEqual(before);
    });

    it('stops, and leaves no container and no network', async () => {
      expect(await (await engine.client.stop(stack)).result()).toMatchObject({ outcome: 'succeeded' });
      expect(await listing(stack.name)).toEqual([]);
    });
  });

  it("shows in compose's own listing, by its labels", async () => {
    const stack = dockerStack({ web: { image: images.app, ...healthy } });
    await deploy(stack);
    const found = await docker.listContainers({
      filters: { label: [`com.docker.compose.project=${stack.name}-test`] },
    });
    expect(found).toMatchObject([
      {
        Labels: {
          'com.docker.compose.service': 'web',
          'com.docker.compose.container-number': '1',
          'com.docker.compose.oneoff': 'False',
        },
      },
    ]);
  });

  it('fails within a second of the exit of a container, not at a deadline', async () => {
    const stack = dockerStack({
      web: {
        image: images.app,
        environment: { START_DELAY: '0.3', CRASH_AFTER: '0.3' },
        health_check: { http: ':9999/never', interval: '30s' },
      },
    });
    const begin = Date.now();
    expect(await deploy(stack)).toMatchObject({
      outcome: 'rolled_back',
      cause: {
        message: 'web-1 exited 1',
        evidence: {
          logs: expect.arrayContaining(['serving version 1', 'told to crash late']),
          lastProbeError: 'GET :9999/never: ECONNREFUSED',
        },
      },
    });
    expect(Date.now() - begin).toBeLessThan(10_000);
  });

  it('gives a service with restart attempts left another try', async () => {
    const stack = dockerStack(
      {
        web: {
          image: images.app,
          restart: 'on-failure:3',
          volumes: ['marks:/data'],
          command: [
            'sh',
            '-c',
            'echo x >> /data/tries; [ $(cat /data/tries | wc -l 2>/dev/null || echo 9) -ge 0 ] && ' +
              'test -f /data/second || { touch /data/second; exit 1; }; exec /bin/app',
          ],
          ...healthy,
        },
      },
      { volumes: { marks: {} } },
    );
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
  });

  it('fails a service that starts and crashes though nothing checks its health', async () => {
    const stack = dockerStack({ web: { image: images.app, environment: { CRASH_AFTER: '0.2' } } });
    expect(await deploy(stack)).toMatchObject({
      outcome: 'rolled_back',
      cause: {
        service: 'web',
        message: expect.stringMatching(/^web-1 (?:exited 1|crashed \(exit code 1\))/) as string,
      },
    });
    expect(await listing(stack.name)).toEqual([]);
  });

  it('goes back to a kept release with the very image it had, though its tag has moved', async () => {
    const tag = `deploy-code-test/moved-${process.pid}`;
    const move = (to: string) => docker.getImage(to).tag({ repo: tag, tag: 'latest' });
    const stack = dockerStack({ web: { image: `${tag}:latest`, ...healthy } });
    await move(images.app);
    await deploy(stack);
    const [before] = await docker.listContainers({ filters: { label: [`deploy-code.stack=${stack.name}`] } });
    await move(images.next);
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded', changed: ['web'], release: 2 });
    expect(await (await engine.client.rollback({ stack: stack.name, environment: 'test' })).result()).toMatchObject({
      outcome: 'succeeded',
      release: 1,
    });
    expect(await docker.listContainers({ filters: { label: [`deploy-code.stack=${stack.name}`] } })).toMatchObject([
      { ImageID: before!.ImageID },
    ]);
    await wipe(stack.name);
    await docker.getImage(`${tag}:latest`).remove();
  });

  it('says what is wrong with an image that does not exist, before anything stops', async () => {
    const stack = dockerStack({ web: { image: 'deploy-code-test/no-such:1', pull_policy: 'never' } });
    expect(await deploy(stack)).toMatchObject({
      outcome: 'refused',
      cause: { message: expect.stringContaining('is not on the host') },
    });
    expect(await listing(stack.name)).toEqual([]);
  });

  it("refuses a network that clashes with another stack's", async () => {
    const first = dockerStack({ web: { image: images.app } }, { networks: { default: { cidr: '10.217.7.0/24' } } });
    const second = dockerStack({ web: { image: images.app } }, { networks: { default: { cidr: '10.217.7.0/25' } } });
    await deploy(first);
    expect(await deploy(second)).toMatchObject({
      outcome: 'refused',
      refusals: [{ message: `10.217.7.0/25 overlaps 10.217.7.0/24 of stack ${first.name}/test; choose another CIDR` }],
    });
  });

  it('runs the hooks of a service: after it is healthy, and before it stops', async () => {
    const hooked = (postStart: string, image: string, name?: string) => {
      const made = dockerStack(
        {
          web: {
            image,
            volumes: ['marks:/data'],
            hooks: { post_start: postStart, pre_stop: 'echo bye $$VERSION >> /data/hooks' },
            ...healthy,
          },
        },
        { volumes: { marks: {} } },
      );
      return name ? { ...made, name } : made;
    };
    const stack = hooked('echo hello $$VERSION >> /data/hooks', images.app);
    await deploy(stack);
    await deploy(hooked('echo hello $$VERSION >> /data/hooks', images.next, stack.name));
    const { output } = await engine.client.exec(stack, `${stack.name}-test-web-1-d2`, ['cat', '/data/hooks']);
    expect(output.trim().split('\n')).toEqual(['hello 1', 'bye 1', 'hello 2']);
    const failing = await deploy(hooked('echo no >&2; exit 4', images.app, stack.name));
    expect(failing).toMatchObject({
      outcome: 'rolled_back',
      cause: { message: 'the post_start hook of web-1 exited 4', evidence: { exitCode: 4 } },
    });
  });

  it('gives folders in memory the size and the mode that are written', async () => {
    const stack = dockerStack({
      web: {
        image: images.app,
        tmpfs: ['/scratch:size=1m,mode=0750'],
        volumes: [{ type: 'tmpfs', target: '/cache', tmpfs: { size: '16m', mode: '0700' }, read_only: true }],
        ...healthy,
      },
    });
    await deploy(stack);
    const { output } = await engine.client.exec(stack, `${stack.name}-test-web-1-d1`, [
      'sh',
      '-c',
      'for at in /scratch /cache; do stat -c %a $at; df -k $at | tail -n 1 | tr -s " " | cut -d " " ' +
        '-f 2; done; touch /scratch/x; touch /cache/x 2>/dev/null || echo read-only',
    ]);
    expect(output.trim().split('\n')).toEqual(['750', '1024', '700', '16384', 'read-only']);
  });

  it('publishes allocated ports that stay with their instance when it is replaced', async () => {
    const stack = (image: string, name?: string) => {
      const made = dockerStack({ web: { image, replicas: 2, ports: ['28600-28605:8080'], ...healthy } });
      return name ? { ...made, name } : made;
    };
    const first = stack(images.app);
    await deploy(first);
    const answer = async (port: number) => (await fetch(`http://127.0.0.1:${port}/version`)).text();
    expect(await Promise.all([28_600, 28_601].map(answer))).toEqual(['1\n', '1\n']);
    await deploy(stack(images.next, first.name));
    expect(await Promise.all([28_600, 28_601].map(answer))).toEqual(['2\n', '2\n']);
  });

  describe('one of whose services names a value that its log driver does not take', () => {
    it('waits with the reason while logs and status show the others; and rolls back on demand', async () => {
      const logging = { driver: 'json-file', options: { 'max-size': 'abc' } };
      const stack = dockerStack(
        {
          good: { image: images.app, ...healthy },
          bad: { image: images.app, logging, depends_on: ['good'], ...healthy },
        },
        { deployment: { on_failure: 'wait' } },
      );
      used.add(stack.name);
      const begun = Date.now();
      const handle = await engine.client.deploy(stack);
      for await (const { failure } of handle.watch()) if (failure) break;
      expect(Date.now() - begun).toBeLessThan(60_000);
      expect(
        (await engine.client.logs(stack, [], 10)).found.map(({ name, lines }) => [name.split('-test-')[1], lines]),
      ).toContainEqual(['good-1-d1', ['serving version 1']]);
      await handle.steer({ action: 'abort', by: 'ana', reason: 'a test' });
      expect(await handle.result()).toMatchObject({
        outcome: 'rolled_back',
        cause: {
          service: 'bad',
          message: expect.stringContaining("invalid size: 'abc'; check `logging` of the service") as string,
        },
      });
    });

    it('has one line about it in the logs and the status of all, as long as it is there', async () => {
      const stack = dockerStack({ good: { image: images.app, ...healthy }, bad: { image: images.app, ...healthy } });
      expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
      const name = `${stack.name}-test-bad-1-d1`;
      const { Config } = await docker.getContainer(name).inspect();
      await docker.getContainer(name).remove({ force: true });
      const made = await docker.createContainer({
        name,
        Image: images.app,
        Labels: Config.Labels,
        HostConfig: { LogConfig: { Type: 'json-file', Config: { 'max-size': 'abc' } } },
      });
      await expect(made.start()).rejects.toThrow();
      const { found: logs } = await engine.client.logs(stack, [], 10);
      expect(logs).toContainEqual(
        expect.objectContaining({ name: `${stack.name}-test-good-1-d1`, lines: ['serving version 1'] }),
      );
      expect(logs).toContainEqual(
        expect.objectContaining({
          name,
          lines: [],
          unreadable: expect.stringContaining(
            "it could not be started: failed to initialize logging driver: invalid size: 'abc'",
          ) as string,
        }),
      );
      const shown = async () =>
        (await engine.client.status(stack)).found.map(({ service, state, health }) => [service, state, health]);
      expect(await shown()).toEqual(
        expect.arrayContaining([
          ['good', 'running', 'healthy'],
          ['bad', 'created', 'not started'],
        ]),
      );
      expect(await engine.client.exec(stack, `${stack.name}-test-good-1-d1`, ['echo', 'here'])).toMatchObject({
        exitCode: 0,
        output: 'here\n',
      });
      await docker.getContainer(`${stack.name}-test-good-1-d1`).pause();
      expect(await shown()).toContainEqual(['good', 'paused', 'paused']);
      await docker.getContainer(`${stack.name}-test-good-1-d1`).unpause();
    });
  });

  describe('of an image that brings a HEALTHCHECK along, where the stack file names no health check', () => {
    const [checked, failing] = ['checked', 'failing'].map((kind) => `deploy-code-test/${kind}-${process.pid}:1`) as [
      string,
      string,
    ];
    beforeAll(async () => {
      await buildOnApp(checked, 'HEALTHCHECK --interval=500ms --retries=2 --start-period=30s CMD test -f /tmp/ready');
      await buildOnApp(failing, "HEALTHCHECK --interval=500ms --retries=2 CMD sh -c 'echo no luck; exit 3'");
    });
    afterAll(async () => {
      for (const stack of used) await wipe(stack);
      for (const image of [checked, failing]) await docker.getImage(image).remove({ force: true });
    });
    const app = (image: string, more = {}) => ({
      app: {
        image,
        stop_grace_period: '1s',
        command: ['sh', '-c', 'sleep 4; touch /tmp/ready; exec sleep 600'],
        ...more,
      },
    });
    const healthOf = async (stack: Stack) => (await engine.client.status(stack)).found.map(({ health }) => health);

    it('succeeds once that is healthy, and is unchanged then', async () => {
      const stack = dockerStack(app(checked));
      const begun = Date.now();
      expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
      expect(Date.now() - begun).toBeGreaterThan(4000);
      expect(await healthOf(stack)).toEqual(['healthy']);
      expect(await deploy(stack)).toMatchObject({ outcome: 'unchanged' });
      await engine.client.exec(stack, `${stack.name}-test-app-1-d1`, ['sh', '-c', 'mv /tmp/ready /tmp/gone']);
      await eventually(async () => expect(await healthOf(stack)).toEqual(['unhealthy']), 45_000);
      expect((await engine.client.plan(stack)).plan.changes).toBe(true);
    }, 120_000);

    it('goes back where that fails, with what it said', async () => {
      const stack = dockerStack(app(images.app));
      await deploy(stack);
      const result = await deploy({ ...dockerStack(app(failing)), name: stack.name });
      expect(result).toMatchObject({
        outcome: 'rolled_back',
        release: 1,
        cause: {
          service: 'app',
          message: expect.stringContaining('unhealthy: the HEALTHCHECK of its image exited 3: no luck') as string,
        },
      });
      expect(await states(stack.name)).toEqual(['app-1-d1 running']);
    });

    it('waits for nothing that the file turns off', async () => {
      const stack = dockerStack(app(failing, { health_check: { disable: true } }));
      expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
      expect(await healthOf(stack)).toEqual(['-']);
      expect(await deploy(stack)).toMatchObject({ outcome: 'unchanged' });
    });
  });
});
