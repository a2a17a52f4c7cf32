import { Client, Connection } from '@temporalio/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import type { DeploymentHandle } from '../../src/client';
import { address, startEngine, type TestEngine } from '../support/engine';
import { note, reached } from '../support/events';
import { eventually } from '../support/eventually';
import { memoryStack, shop } from '../support/memory-stack';

describe('a job', () => {
  const host = new MemoryHost();
  let engine: TestEngine;
  let temporal: Client;
  beforeAll(async () => {
    engine = await startEngine('jobs', { runtimes: { memory: createMemoryRuntime(host) } });
    temporal = new Client({ connection: await Connection.connect({ address: address() }), namespace: 'jobs' });
  });
  afterAll(async () => {
    await temporal.connection.close();
    await engine.close();
  });
  afterEach(() => {
    host.exits = {};
    host.held.clear();
  });

  const deploy = async (stack: Parameters<TestEngine['client']['deploy']>[0]) =>
    (await engine.client.deploy(stack)).result();
  const runs = (name: string) =>
    host.calls.filter((call) => call.startsWith('start ') && call.includes(`-${name}-`)).length;
  const until = async (handle: DeploymentHandle, text: string) => {
    for await (const { events, question } of handle.watch())
      if (question?.text.includes(text) || events.some((event) => JSON.stringify(event).includes(text))) return;
  };

  it('runs again only when it changed since its last successful run', async () => {
    const stack = shop();
    await deploy(stack);
    host.calls.length = 0;
    await deploy(shop({ web: 'web:2' }, {}, stack.name));
    expect(runs('migrate')).toBe(0);
    await deploy(shop({ web: 'web:2', migrate: 'migrate:2' }, {}, stack.name));
    expect(runs('migrate')).toBe(1);
  });

  it("is never undone by running an older release's job; on_rollback: keep says loudly that it stays", async () => {
    const stack = shop();
    await deploy(stack);
    host.calls.length = 0;
    host.exits['web:2'] = 1;
    const result = await deploy(shop({ migrate: 'migrate:2', web: 'web:2' }, {}, stack.name));
    expect(result).toMatchObject({ outcome: 'rolled_back', notUndone: ['migrate (migrate:2) ran and stays applied'] });
    expect(runs('migrate')).toBe(1);

    delete host.exits['web:2'];
    await deploy(shop({ migrate: 'migrate:2', web: 'web:3' }, {}, stack.name));
    expect(runs('migrate')).toBe(1);
    await (await engine.client.rollback({ stack: stack.name, environment: 'test' }, { to: 1 })).result();
    expect(runs('migrate')).toBe(1);
  });

  it('that stays applied after a rollback runs again neither for the release before nor for its own', async () => {
    const stack = shop();
    const place = { stack: stack.name, environment: 'test' };
    await deploy(stack);
    host.exits['web:2'] = 1;
    const failing = shop({ migrate: 'migrate:2', web: 'web:2' }, {}, stack.name);
    expect(await deploy(failing)).toMatchObject({ outcome: 'rolled_back' });
    host.exits['web:3'] = 1;
    expect(await deploy(shop({ migrate: 'migrate:3', web: 'web:3' }, {}, stack.name))).toMatchObject({
      outcome: 'rolled_back',
    });

    host.calls.length = 0;
    host.exits = {};
    expect(await deploy(stack)).toMatchObject({ outcome: 'unchanged' });
    expect(await deploy(shop({ web: 'web:4' }, {}, stack.name))).toMatchObject({ outcome: 'succeeded' });
    const { plan } = await engine.client.plan(failing);
    expect(plan.phases.flatMap(({ services }) => services).find(({ name }) => name === 'migrate')).toMatchObject({
      action: 'skip',
      notes: ['it ran in deployment 2 and stays applied; it does not run again'],
    });
    expect(await deploy(failing)).toMatchObject({ outcome: 'succeeded' });
    expect(runs('migrate')).toBe(0);

    await (await engine.client.rollback(place, { to: 1 })).result();
    expect(await deploy(shop({ web: 'web:5' }, {}, stack.name))).toMatchObject({ outcome: 'succeeded' });
    expect(runs('migrate')).toBe(0);
    await deploy(shop({ migrate: 'migrate:4', web: 'web:5' }, {}, stack.name));
    await deploy(shop({ migrate: 'migrate:2', web: 'web:5' }, {}, stack.name));
    expect(runs('migrate')).toBe(2);
  });

  it('that failed half-way is said to stay as far as it came, and a rollback by hand goes over it too', async () => {
    const stack = shop();
    await deploy(stack);
    host.exits['migrate:2'] = 3;
    expect(await deploy(shop({ migrate: 'migrate:2' }, {}, stack.name))).toMatchObject({
      outcome: 'rolled_back',
      notUndone: ['migrate (migrate:2, failed) stays as far as it came'],
    });
    await deploy(shop({ migrate: 'migrate:3' }, {}, stack.name));
    const place = { stack: stack.name, environment: 'test' };
    expect(await engine.client.jobsSince(place, 1)).toEqual([
      { service: 'migrate', image: 'migrate:2', failed: true, deployment: 2 },
      { service: 'migrate', image: 'migrate:3', failed: false, deployment: 3 },
    ]);
    expect(await engine.client.jobsSince(place, 2)).toEqual([]);
  });

  it('with on_rollback: refuse makes the rollback wait for a person', async () => {
    const refuse = { migrate: { on_rollback: 'refuse' } };
    const stack = shop({}, refuse);
    await deploy(stack);
    host.exits['web:2'] = 1;
    const handle = await engine.client.deploy(
      shop({ migrate: 'migrate:2', api: 'api:2', web: 'web:2' }, refuse, stack.name),
    );
    await until(handle, 'on_rollback is refuse');
    const { question, status } = await handle.progress();
    expect({ status, answers: question?.answers }).toEqual({
      status: 'waiting',
      answers: ['roll back', 'leave as is'],
    });
    const api = (await engine.client.status(stack)).found.filter(({ service }) => service === 'api');
    expect(api.map(({ image, state }) => `${image} ${state}`)).toEqual(['api:2 running', 'api:2 running']);
    await handle.answer(question!.id, 'leave as is', 'ana');
    expect(await handle.result()).toMatchObject({ outcome: 'left_as_is' });
  });

  it('with a command on_rollback is undone in its newer image, after its dependants have stopped', async () => {
    const stack = shop({}, { migrate: { on_rollback: { command: 'bin/migrate down' } } });
    await deploy(stack);
    host.calls.length = 0;
    host.exits['web:2'] = 1;
    const result = await deploy(
      shop(
        { migrate: 'migrate:2', api: 'api:2', web: 'web:2' },
        { migrate: { on_rollback: { command: 'bin/migrate down' } } },
        stack.name,
      ),
    );
    expect(result).toMatchObject({ outcome: 'rolled_back', notUndone: [] });
    const calls = host.calls.map((call) => call.replace(/ .*-test-/, ' '));
    const undo = calls.indexOf('start migrate-1-d2-undo');
    expect(undo).toBeGreaterThan(calls.indexOf('remove api-2-d2'));
    expect(undo).toBeLessThan(calls.indexOf('revive api-1-d1'));
  });

  it('is killed by no cancel: it finishes first', async () => {
    const stack = shop();
    host.held.add('migrate:1');
    const handle = await engine.client.deploy(stack);
    await until(handle, 'run migrate-1');
    await handle.cancel('ana');
    await eventually(async () =>
      expect((await handle.progress()).failing).toMatchObject({ cause: { step: 'cancel' }, jobs: ['migrate'] }),
    );
    const job = [...host.instances.values()].find(
      ({ spec }) => spec.stack === stack.name && spec.service === 'migrate',
    )!;
    expect(job.status.state).toBe('running');
    host.exit(job.spec.name, 0);
    expect(await handle.result()).toMatchObject({
      outcome: 'cancelled',
      notUndone: ['migrate (migrate:1) ran and stays applied'],
    });
  });

  describe('during which a service dies', () => {
    const died = 'database-1 exited 137 after it had started';
    const failing = async () => {
      const stack = shop();
      host.held.add('migrate:1');
      const handle = await engine.client.deploy(stack);
      const job = `${stack.name}-test-migrate-1-d1`;
      await eventually(async () => expect(host.instances.get(job)?.status.state).toBe('running'));
      host.exit(`${stack.name}-test-database-1-d1`, 137);
      await reached(handle, note(`the deployment has failed (${died}), and waits until migrate has finished`));
      expect(await handle.progress()).toMatchObject({
        status: 'deploying',
        failing: { cause: { service: 'database', message: died }, jobs: ['migrate'] },
      });
      expect(host.get(job).status.state).toBe('running');
      return { handle, job };
    };
    const ended = {
      outcome: 'rolled_back',
      cause: { service: 'database', message: died, evidence: { exitCode: 137 } },
    };

    it('finishes first; the deployment has failed at once, and is rolled back then', async () => {
      const { handle, job } = await failing();
      host.exit(job, 0);
      expect(await handle.result()).toMatchObject({
        ...ended,
        notUndone: ['migrate (migrate:1) ran and stays applied'],
      });
      expect(await handle.progress()).not.toHaveProperty('failing');
    });

    it('is killed if a person says so; the cause stays that of the failure', async () => {
      const { handle } = await failing();
      await handle.cancel('ana', { killJobs: true });
      expect(await handle.result()).toMatchObject(ended);
    });
  });

  it('that a command has undone runs again with the next deployment', async () => {
    const undoable = { migrate: { on_rollback: { command: 'bin/migrate down' } } };
    const stack = shop({}, undoable);
    await deploy(stack);
    host.exits['web:2'] = 1;
    await deploy(shop({ migrate: 'migrate:2', web: 'web:2' }, undoable, stack.name));
    expect(await engine.client.jobsSince({ stack: stack.name, environment: 'test' }, 1)).toEqual([]);
    host.calls.length = 0;
    expect(await deploy(shop({ migrate: 'migrate:2', web: 'web:3' }, undoable, stack.name))).toMatchObject({
      outcome: 'succeeded',
    });
    expect(runs('migrate')).toBe(1);
  });

  it("of a deployment that was lost is waited for, and never taken for the next one's own", async () => {
    const stack = shop();
    await deploy(stack);
    host.held.add('migrate:2');
    const lost = await engine.client.deploy(shop({ migrate: 'migrate:2' }, {}, stack.name));
    await until(lost, 'run migrate-1');
    await temporal.workflow.getHandle(lost.id).terminate('lost on purpose');
    setTimeout(() => host.exit(`${stack.name}-test-migrate-1-d2`, 0), 500);
    host.exits['migrate:3'] = 1;
    expect(await deploy(shop({ migrate: 'migrate:3' }, {}, stack.name))).toMatchObject({
      outcome: 'rolled_back',
      deployment: 3,
    });
    delete host.exits['migrate:3'];
    host.calls.length = 0;
    expect(await deploy(shop({ migrate: 'migrate:3' }, {}, stack.name))).toMatchObject({ outcome: 'succeeded' });
    expect(runs('migrate')).toBe(1);
  });

  it('is killed by no timeout of the deployment: its time does not count', async () => {
    const stack = memoryStack({ slow: { image: 'slow:1', kind: 'job' } }, { deployment: { timeout_seconds: 5 } });
    host.held.add('slow:1');
    const handle = await engine.client.deploy(stack);
    await until(handle, 'run slow-1');
    setTimeout(() => host.exit(`${stack.name}-test-slow-1-d1`, 0), 7000);
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('has its own clock, which stops it', async () => {
    const stack = memoryStack({ slow: { image: 'slow:1', kind: 'job', timeout: '300ms' } });
    host.held.add('slow:1');
    expect(await deploy(stack)).toMatchObject({
      outcome: 'rolled_back',
      cause: { message: 'slow did not finish within its timeout of 0.3 s and was stopped' },
    });
  });

  it('whose end nobody can know is asked about, and never runs twice by itself', async () => {
    const stack = shop();
    host.held.add('migrate:1');
    host.calls.length = 0;
    const handle = await engine.client.deploy(stack);
    await until(handle, 'run migrate-1');
    const name = `${stack.name}-test-migrate-1-d1`;
    await eventually(async () => expect(host.get(name).status.state).toBe('running'));
    const job = host.get(name);
    host.instances.delete(name);
    for (const resolve of job.exited.splice(0)) resolve();
    await until(handle, 'What happened to migrate?');
    const { question } = await handle.progress();
    await handle.answer(question!.id, 'succeeded', 'ana');
    expect(await handle.result()).toMatchObject({ outcome: 'succeeded' });
    expect(runs('migrate')).toBe(1);
  });

  it('runs by hand, with the release that is current', async () => {
    const stack = memoryStack({ app: { image: 'app:1' }, report: { image: 'report:1', kind: 'job', run: 'manual' } });
    host.calls.length = 0;
    await deploy(stack);
    expect(runs('report')).toBe(0);
    expect(
      await (await engine.client.runJob({ stack: stack.name, environment: 'test' }, 'report')).result(),
    ).toMatchObject({ outcome: 'succeeded', release: 1, changed: ['report'] });
    expect(runs('report')).toBe(1);
  });
});
