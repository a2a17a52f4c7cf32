import { startEngine, type TestEngine } from '../support/engine';
import { docker, dockerStack, healthy, listing, states, wipe } from '../support/docker-world';
import { images } from '../support/image';
import { describeWith } from '../support/parts';
import type { Stack } from '../../src/config';
import { until } from '../support/until';
import { reached, step } from '../support/events';

/** The seven promises about data that the README makes. 5 (jobs) is held by tests/workflows/jobs.test.ts as well. */
describeWith('docker', 'the promises about data', () => {
  let engine: TestEngine;
  const used = new Set<string>();
  beforeAll(async () => void (engine = await startEngine('volumes')));
  afterAll(async () => {
    for (const stack of used) await wipe(stack);
    await engine.close();
  });

  const deploy = async (stack: Stack, options = {}) => {
    used.add(stack.name);
    return (await engine.client.deploy(stack, options)).result();
  };
  const database = (image: string, name?: string, more = {}) => {
    const stack = dockerStack(
      { db: { image, environment: { DATA: '/data' }, volumes: ['data:/data'], ...healthy } },
      { volumes: { data: {} }, ...more },
    );
    return name ? { ...stack, name } : stack;
  };
  /** One that is deployed once, for the tests that change nothing of it. */
  let unchanged: Promise<Stack> | undefined;
  const unchangedDatabase = () => (unchanged ??= deployDatabase());
  const deployDatabase = async () => {
    const stack = database(images.app);
    expect(await deploy(stack)).toMatchObject({ outcome: 'succeeded' });
    return stack;
  };
  const volume = (name: string) => docker.getVolume(name).inspect();
  const written = async (stack: Stack) => {
    const [instance] = (await engine.client.status(stack)).found.filter(({ state }) => state === 'running');
    return (await engine.client.exec(stack, instance!.name, ['cat', '/data/log'])).output.trim().split('\n');
  };

  it('1: stop, rollback and removal of a service keep volumes; only volume rm deletes one', async () => {
    const stack = database(images.app);
    const name = `${stack.name}-test_data`;
    await deploy(stack);
    await deploy(database(images.broken, stack.name));
    await deploy({ ...dockerStack({ other: { image: images.app } }), name: stack.name });
    await (await engine.client.stop(stack)).result();
    expect(await volume(name)).toMatchObject({ Name: name });
    await deploy(database(images.app, stack.name));
    expect([...new Set(await written(stack))]).toEqual(['1', 'broken']);

    await expect(engine.client.removeVolume(stack, name)).rejects.toThrow();
    await (await engine.client.stop(stack)).result();
    await engine.client.removeVolume(stack, name);
    await expect(volume(name)).rejects.toThrow('no such volume');
  });

  it('1: a volume of a failed first deployment stays once something has mounted it', async () => {
    const stack = database(images.broken);
    expect(await deploy(stack)).toMatchObject({ outcome: 'rolled_back' });
    expect(await volume(`${stack.name}-test_data`)).toBeDefined();
  });

  it('2: a retired instance has no restart policy until a rollback gives it back', async () => {
    const stack = dockerStack({
      db: { image: images.app, restart: 'always', ...healthy },
      web: { image: images.app, depends_on: ['db'], ...healthy },
    });
    await deploy(stack);
    const policies = async () =>
      Object.fromEntries(
        await Promise.all(
          (await docker.listContainers({ all: true, filters: { label: [`deploy-code.stack=${stack.name}`] } })).map(
            async ({ Id, Names }) =>
              [
                Names[0]!.replace(/.*-test-/, ''),
                (await docker.getContainer(Id).inspect()).HostConfig.RestartPolicy?.Name,
              ] as const,
          ),
        ),
      );
    const slow = {
      ...dockerStack({
        db: { image: images.next, restart: 'always', ...healthy },
        web: { image: images.app, depends_on: ['db'], command: ['sh', '-c', 'sleep 1; exit 1'], ...healthy },
      }),
      name: stack.name,
    };
    const handle = await engine.client.deploy(slow);
    await reached(handle, step('step.started', 'start web-1'));
    expect(await policies()).toMatchObject({ 'db-1-d1': 'no', 'db-1-d2': 'always' });
    expect(await handle.result()).toMatchObject({ outcome: 'rolled_back' });
    expect(await policies()).toEqual({ 'db-1-d1': 'always', 'web-1-d1': 'unless-stopped' });
  });

  it("3: an environment cannot mount another's volume", async () => {
    const stack = await unchangedDatabase();
    const thief = dockerStack(
      { db: { image: images.app, volumes: ['data:/data'] } },
      { volumes: { data: { name: `${stack.name}-test_data`, external: true } } },
    );
    expect(await deploy(thief)).toMatchObject({
      outcome: 'refused',
      refusals: [
        {
          message:
            `the volume "${stack.name}-test_data" belongs to ` +
            `${stack.name}/test; choose another name: an environment cannot mount the volume of another one`,
        },
      ],
    });
    expect(await listing(thief.name)).toEqual([]);
  });

  it('3: a renamed volume is refused as NEW, EMPTY without --force, and the old one is kept', async () => {
    const stack = database(images.app);
    await deploy(stack);
    const renamed = {
      ...dockerStack(
        { db: { image: images.app, environment: { DATA: '/data' }, volumes: ['fresh:/data'], ...healthy } },
        { volumes: { fresh: {} } },
      ),
      name: stack.name,
    };
    expect(await deploy(renamed)).toMatchObject({
      outcome: 'refused',
      refusals: [{ message: expect.stringContaining('NEW, EMPTY') }],
    });
    expect(await deploy(renamed, { force: true })).toMatchObject({ outcome: 'succeeded' });
    expect(await volume(`${stack.name}-test_data`)).toBeDefined();
  });

  it('4: a changed image on a service that holds a volume is one-way in the plan', async () => {
    const stack = await unchangedDatabase();
    const { plan } = await engine.client.plan(database(images.next, stack.name));
    expect(plan.phases[0]!.services[0]).toMatchObject({
      action: 'replace',
      notes: [expect.stringContaining('one-way')],
    });
  });

  it('5: a migration that ran is not undone by an older one, and the result says so loudly', async () => {
    const migrated = (image: string, web: string, name?: string) => {
      const stack = dockerStack(
        {
          migrate: {
            image,
            kind: 'job',
            command: ['sh', '-c', 'echo migrate $$VERSION >> /data/log'],
            volumes: ['data:/data'],
          },
          web: { image: web, depends_on: ['migrate'], ...healthy },
        },
        { volumes: { data: {} } },
      );
      return name ? { ...stack, name } : stack;
    };
    const stack = migrated(images.app, images.app);
    await deploy(stack);
    expect(await deploy(migrated(images.next, images.broken, stack.name))).toMatchObject({
      outcome: 'rolled_back',
      notUndone: [`migrate (${images.next}) ran and stays applied`],
    });
    const look = dockerStack(
      {
        look: { image: images.app, kind: 'job', command: ['cat', '/data/log'], volumes: ['data:/data:ro'] },
        web: { image: images.app, ...healthy },
      },
      { volumes: { data: {} } },
    );
    await deploy({ ...look, name: stack.name });
    expect((await engine.client.logs(stack, ['look'], 10)).found[0]!.lines).toEqual(['migrate 1', 'migrate 2']);
  });

  it('6: volumes carry our own labels only', async () => {
    const stack = await unchangedDatabase();
    const { Labels } = await volume(`${stack.name}-test_data`);
    expect(Object.keys(Labels).filter((label) => !label.startsWith('deploy-code.'))).toEqual([]);
  });

  it('7: with the engine down the services run on, and Docker restarts them', async () => {
    const stack = dockerStack({ web: { image: images.app, ...healthy } });
    await deploy(stack);
    await engine.close();
    const container = docker.getContainer(`${stack.name}-test-web-1-d1`);
    const exited = container.wait({ condition: 'next-exit' });
    await container.exec({ Cmd: ['kill', '1'] }).then((run) => run.start({}));
    await exited;
    engine = await startEngine('volumes');
    await until(async () => (await container.inspect()).State.Status === 'running');
    expect((await container.inspect()).RestartCount).toBeGreaterThan(0);
    expect(await states(stack.name)).toEqual(['web-1-d1 running']);
  });
});
