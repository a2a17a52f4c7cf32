import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { DeploymentHandle, Stack } from '../../src/client';
import { connect, connectionSettings } from '../../src/temporal/connection';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { environmentId, taskQueue, type Progress } from '../../src/workflows/messages';
import { address, startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { memoryStack } from '../support/memory-stack';
import { note } from '../support/events';
import { until } from '../support/until';

describe('who may begin in an environment', () => {
  const host = new MemoryHost();
  let engine: TestEngine;
  beforeAll(
    async () =>
      void (engine = await startEngine('control', { port: 0, runtimes: { memory: createMemoryRuntime(host) } })),
  );
  afterAll(() => engine.close());
  afterEach(() => {
    host.held.clear();
    host.unhealthy = {};
  });

  const place = ({ name }: Stack) => ({ stack: name, environment: 'test' });
  const held = () => memoryStack({ job: { image: 'held:1', kind: 'job' } });
  const app = (image = 'app:1', more: Record<string, unknown> = {}, name?: string) => ({
    ...memoryStack({ app: { image, health_check: { command: ['check'], interval: '100ms', retries: 1 } } }, more),
    ...(name && { name }),
  });
  const running = async ({ name }: Stack, deployment: number) => {
    await until(() => host.instances.get(`${name}-test-job-1-d${deployment}`)?.status.state === 'running');
  };
  const seen = async (handle: DeploymentHandle, check: (progress: Progress) => boolean): Promise<Progress> => {
    for await (const progress of handle.watch()) if (check(progress)) return progress;
    throw new Error('it never came to that');
  };
  const gauge = async ({ name }: Stack) =>
    new RegExp(`deploy_code_circuit_breaker_open{stack="${name}",environment="test"} (\\d)`).exec(
      await (await fetch(`http://127.0.0.1:${engine.worker.port}/metrics`)).text(),
    )?.[1];
  const waiting = (handle: DeploymentHandle) =>
    seen(handle, ({ behind, held: why }) => behind !== undefined || why !== undefined);

  it('lets the newest take the place of one that runs, after that is rolled back, and of those that wait', async () => {
    host.held.add('held:1');
    const stack = held();
    const first = await engine.client.deploy(stack);
    await running(stack, 1);
    const second = await engine.client.deploy(stack);
    await waiting(second);
    const third = await engine.client.deploy(
      { ...stack, services: { job: { ...stack.services.job!, image: 'other:1' } } },
      { whenBusy: 'supersede', requestedBy: 'ana', reason: 'SHOP-9' },
    );
    expect(await second.result()).toMatchObject({
      outcome: 'refused',
      refusals: [{ path: 'queue', message: 'superseded by a newer request of ana (SHOP-9)' }],
    });
    await seen(first, ({ events }) => events.some(note('cancelled by a newer request of ana')));
    expect((await third.progress()).deployment).toBeUndefined();
    host.exit(`${stack.name}-test-job-1-d1`, 0);
    expect(await first.result()).toMatchObject({
      outcome: 'cancelled',
      cause: { message: 'cancelled by a newer request of ana (SHOP-9)' },
    });
    expect(await third.result()).toMatchObject({ outcome: 'succeeded', deployment: 2 });
  });

  it('turns a request away that does not want to wait', async () => {
    host.held.add('held:1');
    const stack = held();
    const first = await engine.client.deploy(stack, { requestedBy: 'ben' });
    await running(stack, 1);
    const second = await engine.client.deploy(stack, { whenBusy: 'reject' });
    expect(await second.result()).toMatchObject({
      outcome: 'refused',
      refusals: [
        {
          path: 'queue',
          message: expect.stringMatching(/^deployment 1 by ben runs; try again when it has finished/) as string,
        },
      ],
    });
    host.exit(`${stack.name}-test-job-1-d1`, 0);
    expect(await first.result()).toMatchObject({ outcome: 'succeeded' });
  });

  it('restarts what is current when its turn comes, not what was when it was asked for', async () => {
    host.held.add('held:1');
    const version = (image: string, job: string, name?: string) => ({
      ...memoryStack({ app: { image }, job: { image: job, kind: 'job' } }),
      ...(name && { name }),
    });
    const first = version('app:1', 'quick:1');
    expect(await (await engine.client.deploy(first)).result()).toMatchObject({ outcome: 'succeeded' });
    const second = await engine.client.deploy(version('app:2', 'held:1', first.name));
    await running(first, 2);
    const restart = await engine.client.restart(place(first), ['app']);
    await waiting(restart);
    host.exit(`${first.name}-test-job-1-d2`, 0);
    expect(await second.result()).toMatchObject({ outcome: 'succeeded', release: 2 });
    expect(await restart.result()).toMatchObject({ outcome: 'succeeded', release: 2, changed: ['app'] });
    expect(host.get(`${first.name}-test-app-1-d3`).spec.image).toBe('app:2');
  });

  it('brings nothing back that was stopped while a restart waited', async () => {
    host.held.add('held:1');
    const stack = memoryStack({ app: { image: 'app:1' }, job: { image: 'quick:1', kind: 'job' } });
    expect(await (await engine.client.deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    const busy = await engine.client.deploy({
      ...stack,
      services: { ...stack.services, job: { ...stack.services.job!, image: 'held:1' } },
    });
    await running(stack, 2);
    const stop = await engine.client.stop(stack);
    await waiting(stop);
    const again = [await engine.client.redeploy(place(stack)), await engine.client.restart(place(stack), ['app'])];
    host.exit(`${stack.name}-test-job-1-d2`, 0);
    expect(await busy.result()).toMatchObject({ outcome: 'succeeded' });
    expect(await stop.result()).toMatchObject({ outcome: 'succeeded' });
    for (const handle of again)
      expect(await handle.result()).toMatchObject({
        outcome: 'refused',
        refusals: [{ message: expect.stringMatching(/^nothing is deployed in .* any more$/) as string }],
      });
    const numbers = async () => (await engine.client.history(place(stack))).map(({ deployment }) => deployment);
    await eventually(async () => expect(new Set(await numbers())).toEqual(new Set([1, 2, 3, 4, 5])));
    expect([...host.instances.values()].filter(({ spec }) => spec.stack === stack.name)).toEqual([]);
  });

  it('rolls nothing back for a newcomer that may not begin itself', async () => {
    host.held.add('held:1');
    const stack = held();
    const first = await engine.client.deploy(stack);
    await running(stack, 1);
    await engine.client.freeze(place(stack), { by: 'ana' });
    const second = await engine.client.deploy(stack, { whenBusy: 'supersede' });
    expect((await waiting(second)).held).toBe('frozen by ana');
    host.exit(`${stack.name}-test-job-1-d1`, 0);
    expect(await first.result()).toMatchObject({ outcome: 'succeeded' });
    await engine.client.thaw(place(stack));
    expect(await second.result()).toMatchObject({ outcome: 'unchanged' });
  });

  it('does not let one stack wait for another', async () => {
    host.held.add('held:1');
    const stack = held();
    const first = await engine.client.deploy(stack);
    await running(stack, 1);
    expect(await (await engine.client.deploy(app())).result()).toMatchObject({ outcome: 'succeeded' });
    host.exit(`${stack.name}-test-job-1-d1`, 0);
    await first.result();
  });

  it('lets requests wait while it is frozen, and begin once thawed; --force goes past it and says so', async () => {
    const stack = app();
    await engine.client.freeze(place(stack), { reason: 'holidays', by: 'ana' });
    const waits = await engine.client.deploy(stack);
    expect((await waiting(waits)).held).toBe('frozen by ana: holidays');
    const forced = await (
      await engine.client.deploy(stack, { force: true, requestedBy: 'ben', reason: 'hotfix' })
    ).result();
    expect(forced).toMatchObject({
      outcome: 'succeeded',
      deployment: 1,
      requestedBy: 'ben',
      reason: 'hotfix',
      forcedPast: 'frozen by ana: holidays',
    });
    expect((await engine.client.environment(place(stack)))?.recent).toMatchObject([
      { deployment: 1, past: 'frozen by ana: holidays' },
    ]);
    await engine.client.thaw(place(stack));
    expect(await waits.result()).toMatchObject({ outcome: 'unchanged', deployment: 2 });
    await expect(engine.client.thaw(place(stack))).rejects.toThrow(/is not frozen/);
  });

  it('ends a freeze by itself when its time is over', async () => {
    const stack = app();
    await engine.client.freeze(place(stack), { until: new Date(Date.now() + 1500) });
    const begin = Date.now();
    expect(await (await engine.client.deploy(stack)).result()).toMatchObject({ outcome: 'succeeded' });
    expect(Date.now() - begin).toBeGreaterThan(1000);
  });

  it('turns requests away where a freeze says so, and in the windows of the stack file', async () => {
    const frozen = app();
    await engine.client.freeze(place(frozen), { refuse: true, by: 'ana' });
    expect(await (await engine.client.deploy(frozen)).result()).toMatchObject({
      outcome: 'refused',
      refusals: [{ message: 'frozen by ana; --force overrides it' }],
    });
    const always = {
      deployment: {
        freeze_windows: [
          { from: 'mon 00:00', to: 'sun 23:59', action: 'refuse' },
          { from: 'sun 23:59', to: 'mon 00:00', action: 'refuse' },
        ],
      },
    };
    const window = app('app:1', always);
    expect(await (await engine.client.deploy(window)).result()).toMatchObject({
      outcome: 'refused',
      refusals: [
        {
          message: expect.stringMatching(
            /^frozen by the window (mon 00:00 to sun 23:59|sun 23:59 to mon 00:00) UTC until .*; --force overrides it$/,
          ) as string,
        },
      ],
    });
    expect(await (await engine.client.deploy(window, { force: true })).result()).toMatchObject({
      outcome: 'succeeded',
    });
  });

  it('opens the circuit breaker after failures in a row: automatic requests are refused, people are not', async () => {
    const breaker = { deployment: { circuit_breaker_threshold: 2, circuit_breaker_recovery: '1h' } };
    const good = app('app:1', breaker);
    host.unhealthy['app:bad'] = 'never healthy';
    const bad = app('app:bad', breaker, good.name);
    expect(await (await engine.client.deploy(good)).result()).toMatchObject({ outcome: 'succeeded' });
    for (let failure = 0; failure < 2; failure += 1)
      expect(await (await engine.client.deploy(bad)).result()).toMatchObject({ outcome: 'rolled_back' });
    expect(await (await engine.client.deploy(good, { automatic: true })).result()).toMatchObject({
      outcome: 'refused',
      refusals: [
        {
          message: expect.stringMatching(/^the circuit breaker is open after 2 failed deployments in a row/) as string,
        },
      ],
    });
    expect((await engine.client.environment(place(good)))?.breaker).toMatchObject({
      failures: 2,
      openedAt: expect.any(Number) as number,
    });
    expect(await gauge(good)).toBe('1');
    expect(await (await engine.client.deploy(good)).result()).toMatchObject({ outcome: 'unchanged' });
    expect(await (await engine.client.deploy(good, { automatic: true })).result()).toMatchObject({
      outcome: 'unchanged',
    });
    expect(await gauge(good)).toBe('0');
  });

  describe('against a client that is not ours', () => {
    let temporal: Client;
    beforeAll(
      async () => void (temporal = await connect(connectionSettings({ address: address(), namespace: 'control' }))),
    );
    afterAll(() => temporal.connection.close());
    const start = (type: string, ...args: unknown[]) =>
      temporal.workflow.execute(type, { taskQueue, workflowId: `${type}/${randomUUID()}`, args });
    const fault = (message: RegExp) => ({
      cause: { type: 'SoftwareFault', message: expect.stringMatching(message) as string },
    });
    const malformed = fault(/^malformed input of the workflow/);

    it('ends workflows that are started with names which are none, or with no sense at all', async () => {
      const other = app();
      await (await engine.client.deploy(other)).result();
      for (const environment of [`x' OR DeployCodeStack = '${other.name}`, `../${other.name}/test`, 'a\nb', '']) {
        await expect(
          start('inspect', { kind: 'audit', stack: { ...other, environment }, last: 50, taskQueue }),
        ).rejects.toMatchObject(malformed);
        await expect(
          start('deployment', {
            stack: { ...other, environment },
            taskQueue,
            intent: { kind: 'stop', force: true },
            requestedBy: 'eve',
            pinned: {},
          }),
        ).rejects.toMatchObject(malformed);
        await expect(start('environment', { stack: other.name, environment })).rejects.toMatchObject(malformed);
      }
      await expect(start('deployment')).rejects.toMatchObject(malformed);
      await expect(start('host', { runtime: 'docker', name: '../x' })).rejects.toMatchObject(malformed);
      await expect(
        start('inspect', { kind: 'exec', stack: other, instance: '../../x', command: ['sh'], taskQueue }),
      ).rejects.toMatchObject({
        cause: {
          cause: {
            type: 'SoftwareFault',
            message: expect.stringContaining('is not a valid name (instance)') as string,
          },
        },
      });
      expect(await engine.client.history(place(other))).toHaveLength(1);
    });

    it('finds no other stack by a name with quotes, and writes no forged row into the audit trail', async () => {
      const stack = app();
      await (await engine.client.deploy(stack, { requestedBy: 'ana' })).result();
      await expect(
        engine.client.history({ stack: stack.name, environment: "x' OR DeployCodeEnvironment = 'test" }),
      ).rejects.toThrow('is not a valid name (environment)');
      await expect(engine.client.deploy(stack, { reason: 'one\ntwo' })).rejects.toThrow(
        'reason must be one line of at most 500 characters',
      );
      const environment = temporal.workflow.getHandle(environmentId(place(stack)));
      await environment.signal('freeze', {
        by: 'eve',
        at: Date.now(),
        refuse: true,
        reason: 'x\n3  2026-01-01 00:00  ana  deploy  succeeded\u001b[2J',
      });
      await environment.signal('join', { workflowId: '../somebody', runtime: 'memory' });
      await eventually(async () => {
        const { records } = await engine.client.audit(stack);
        expect(records.map(({ by, what, why }) => ({ by, what, why }))).toEqual([
          { by: 'ana', what: 'deploy', why: undefined },
          { by: 'eve', what: 'freeze', why: 'x 3  2026-01-01 00:00  ana  deploy  succeeded\\x1b[2J' },
        ]);
      });
      expect((await engine.client.environment(place(stack)))?.queue).toEqual([]);
    });
  });
});
