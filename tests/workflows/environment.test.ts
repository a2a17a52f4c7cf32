import { Client, Connection } from '@temporalio/client';
import { payloadCodec } from '../../src/payloads/codec';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { environmentId, storedSecretsQuery, taskQueue } from '../../src/workflows/messages';
import { address, startEngine, type TestEngine } from '../support/engine';
import { memoryStack, shop } from '../support/memory-stack';
import { reached, step } from '../support/events';
import { until } from '../support/until';

describe('an environment', () => {
  const host = new MemoryHost();
  let engine: TestEngine;
  let temporal: Client;
  beforeAll(async () => {
    engine = await startEngine('environment', { runtimes: { memory: createMemoryRuntime(host) } });
    temporal = new Client({
      connection: await Connection.connect({ address: address() }),
      namespace: 'environment',
      dataConverter: { payloadCodecs: [payloadCodec()] },
    });
  });
  afterAll(async () => {
    await temporal.connection.close();
    await engine.close();
  });
  afterEach(() => {
    host.held.clear();
    host.unhealthy = {};
  });

  const held = () => memoryStack({ job: { image: 'held:1', kind: 'job' } });
  const queued = async (stack: ReturnType<typeof held>) => {
    const handle = await engine.client.deploy({ ...stack, version: '2' });
    for await (const { behind } of handle.watch()) if (behind !== undefined) return { handle, behind };
    throw new Error('it did not queue');
  };
  const release = (stack: { name: string }, deployment: number) =>
    host.exit(`${stack.name}-test-job-1-d${deployment}`, 0);
  const running = async (stack: { name: string }, deployment: number) => {
    await until(() => host.instances.get(`${stack.name}-test-job-1-d${deployment}`)?.status.state === 'running');
  };
  /** One deployment that runs, and another that waits for it. */
  const two = async () => {
    host.held.add('held:1');
    const stack = held();
    const first = await engine.client.deploy(stack);
    await running(stack, 1);
    const { handle: second, behind } = await queued(stack);
    return { stack, first, second, behind };
  };

  it('lets one deployment run at a time; the second queues and says behind what', async () => {
    const { stack, first, second, behind } = await two();
    expect(behind).toBe(1);
    release(stack, 1);
    expect(await first.result()).toMatchObject({ outcome: 'succeeded', deployment: 1 });
    expect(await second.result()).toMatchObject({ outcome: 'unchanged', deployment: 2 });
  });

  it('lets one that waits be cancelled', async () => {
    const { stack, first, second } = await two();
    await second.cancel('ana');
    expect(await second.result()).toMatchObject({
      outcome: 'cancelled',
      cause: { message: 'cancelled by ana while it waited' },
    });
    release(stack, 1);
    expect(await first.result()).toMatchObject({ outcome: 'succeeded' });
    expect((await engine.client.environment({ stack: stack.name, environment: 'test' }))?.queue).toEqual([]);
  });

  it('lets no field of a message stand for one of its own', async () => {
    const { stack, first, second } = await two();
    for (const { id } of [first, second])
      await temporal.workflow
        .getHandle(id)
        .signal('queued', { deployment: { toString: 'no' }, status: 'succeeded', events: null });
    expect(await first.progress()).toMatchObject({ status: 'deploying', deployment: 1 });
    release(stack, 1);
    expect(await first.result()).toMatchObject({ outcome: 'succeeded', deployment: 1 });
    expect(await second.result()).toMatchObject({ outcome: 'unchanged', deployment: 2 });
  });

  it('never leaks its lock: a terminated deployment has failed, and the next one settles what it left', async () => {
    const stack = shop();
    await (await engine.client.deploy(stack)).result();
    host.unhealthy['web:2'] = 'never healthy';
    const lost = await engine.client.deploy(shop({ api: 'api:2', web: 'web:2' }, {}, stack.name));
    await reached(lost, step('step.started', 'start web-1'));
    await temporal.workflow.getHandle(lost.id).terminate('lost on purpose');

    const next = await engine.client.deploy(stack);
    expect(await next.result()).toMatchObject({ outcome: 'unchanged', deployment: 3, release: 1 });
    const left = [...host.instances.values()].filter(({ spec }) => spec.stack === stack.name);
    expect(
      left.map(({ spec, status }) => `${spec.service}-${spec.ordinal} ${spec.deployment} ${status.state}`).sort(),
    ).toEqual(['api-1 1 running', 'api-2 1 running', 'database-1 1 running', 'migrate-1 1 exited', 'web-1 1 running']);
    expect(
      (await engine.client.environment({ stack: stack.name, environment: 'test' }))?.recent.map(
        ({ outcome }) => outcome,
      ),
    ).toEqual(['succeeded', 'lost', 'unchanged']);
  });

  it('resumes its numbers from labels and kept releases when its own workflow is lost', async () => {
    const stack = shop();
    await (await engine.client.deploy(stack)).result();
    await (await engine.client.deploy(shop({ web: 'web:2' }, {}, stack.name))).result();
    await temporal.workflow
      .getHandle(environmentId({ stack: stack.name, environment: 'test' }))
      .terminate('lost on purpose');
    const result = await (await engine.client.deploy(shop({ web: 'web:3' }, {}, stack.name))).result();
    expect(result).toMatchObject({ outcome: 'succeeded', deployment: 3, release: 3 });
  });

  it('keeps the last releases only', async () => {
    const stack = memoryStack({ app: { image: 'app:0' } }, { deployment: { keep_releases: 2 } });
    for (const version of [1, 2, 3, 4])
      await (
        await engine.client.deploy({ ...stack, services: { app: { ...stack.services.app!, image: `app:${version}` } } })
      ).result();
    expect((await engine.client.environment({ stack: stack.name, environment: 'test' }))?.releases).toEqual([3, 4]);
    await expect(engine.client.rollback({ stack: stack.name, environment: 'test' }, { to: 1 })).rejects.toThrow(
      'release 1 of',
    );
    expect([...host.images.keys()].filter((name) => name.startsWith('app:')).sort()).toEqual(['app:3', 'app:4']);
  });

  it('holds the images of kept releases whose tags have moved', async () => {
    const stack = memoryStack({ app: { image: 'moving:1' } });
    const deploy = async () => (await engine.client.deploy(stack)).result();
    host.images.set('moving:1', 'sha256:before');
    await deploy();
    host.images.set('moving:1', 'sha256:after');
    host.images.set('moving:old', 'sha256:before');
    expect(await deploy()).toMatchObject({ outcome: 'succeeded', changed: ['app'] });
    expect(host.holds.get('sha256:before')).toBe('kept');
    expect(host.holds.has('sha256:after')).toBe(false);
  });

  it('ends when it has nothing to remember', async () => {
    const stack = memoryStack({ app: { image: 'app:1', resources: { reserve: { cpus: 20_000 } } } });
    expect(await (await engine.client.deploy(stack)).result()).toMatchObject({ outcome: 'refused' });
    await temporal.workflow.getHandle(environmentId({ stack: stack.name, environment: 'test' })).result();
  });

  it('gives no number twice, though everything failed and was rolled back, and it ended in between', async () => {
    const checked = { health_check: { command: ['check'], interval: '100ms', retries: 2 } };
    const stack = memoryStack({ app: { image: 'failing:1', ...checked } });
    const place = { stack: stack.name, environment: 'test' };
    host.unhealthy['failing:1'] = 'never healthy';
    for (const deployment of [1, 2, 3]) {
      expect(await (await engine.client.deploy(stack)).result()).toMatchObject({ outcome: 'rolled_back', deployment });
      await temporal.workflow.getHandle(environmentId(place)).result();
    }
    await until(async () => (await engine.client.history(place)).length === 3);
    expect((await engine.client.history(place)).map(({ deployment }) => deployment)).toEqual([3, 2, 1]);
  });

  describe('that stores secrets', () => {
    const placeIn = () => ({ stack: memoryStack({ app: { image: 'app:1' } }).name, environment: 'test' });

    it('keeps them before its first deployment, until they are removed', async () => {
      const place = placeIn();
      await engine.client.secrets.set(place, 'A', 'a value', 'ana');
      await engine.client.secrets.set(place, 'B', 'another value');
      expect(await engine.client.secrets.names(place)).toEqual(['A', 'B']);
      await engine.client.secrets.remove(place, 'A');
      expect(await engine.client.secrets.names(place)).toEqual(['B']);
    });

    it('passes them on to its next run', async () => {
      const [from, to] = [placeIn(), placeIn()];
      await engine.client.secrets.set(from, 'A', 'a value', 'ana');
      const secrets = await temporal.workflow.getHandle(environmentId(from)).query(storedSecretsQuery);
      const state = { ...(await engine.client.environment(from))!, place: to, secrets };
      await temporal.workflow.start('environment', { workflowId: environmentId(to), taskQueue, args: [to, state] });
      expect(await engine.client.secrets.list(to)).toMatchObject([{ name: 'A', by: 'ana' }]);
    });

    it('takes no more than fit into its state, and nothing that is not sealed', async () => {
      const place = placeIn();
      await engine.client.secrets.set(place, 'A', 'a value');
      const handle = temporal.workflow.getHandle(environmentId(place));
      const { sealed } = (await handle.query(storedSecretsQuery)).A!;
      for (const message of [
        { name: 'PLAIN', sealed: 'in plain text', by: 'eve' },
        { name: 'a/b', sealed, by: 'eve' },
        { name: 'constructor', sealed, by: 'eve' },
        { name: 'B', by: 'eve' },
      ])
        await handle.signal('storeSecret', message);
      for (let count = 0; count < 201; count += 1)
        await handle.signal('storeSecret', { name: `N${count}`, sealed, by: 'eve' });
      const names = await engine.client.secrets.names(place);
      expect(names).toHaveLength(200);
      expect(names).toEqual(expect.not.arrayContaining(['PLAIN', 'a/b', 'constructor', 'B', 'N199']));
      await expect(engine.client.secrets.set(place, 'MORE', 'a value')).rejects.toThrow(
        /would store more than 200 secrets, or more than about 732 KiB; nothing was changed/,
      );
      await engine.client.secrets.set(place, 'A', 'a newer value');
    });

    it('takes values that were sealed anew only for those that they were sealed from', async () => {
      const place = placeIn();
      await engine.client.secrets.set(place, 'A', 'a value');
      const handle = temporal.workflow.getHandle(environmentId(place));
      const read = async () => (await handle.query(storedSecretsQuery)).A!.sealed;
      const before = await read();
      await engine.client.secrets.set(place, 'A', 'a newer value');
      const newer = await read();
      await handle.signal('resealedSecrets', { secrets: { A: { before, after: before } } });
      expect(await read()).toBe(newer);
      await handle.signal('resealedSecrets', { secrets: { A: { before: newer, after: before } } });
      expect(await read()).toBe(before);
    });
  });
});
