import { Client, Connection } from '@temporalio/client';
import type { ScheduleView, Stack } from '../../src/client';
import type { ScheduleSpec } from '../../src/model/schedule';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { cronExpressions } from '../support/cron-expressions';
import { address, startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { memoryStack } from '../support/memory-stack';
import { until } from '../support/until';
import { note } from '../support/events';

const checked = { health_check: { command: ['check'], interval: '100ms', retries: 1 } };

describe('schedules', () => {
  const host = new MemoryHost();
  let engine: TestEngine;
  beforeAll(
    async () => void (engine = await startEngine('schedules', { runtimes: { memory: createMemoryRuntime(host) } })),
  );
  afterAll(() => engine.close());
  afterEach(() => {
    host.held.clear();
    host.unhealthy = {};
  });

  const place = ({ name }: Stack) => ({ stack: name, environment: 'test' });
  const shop = (more: Record<string, unknown> = {}, name?: string): Stack => ({
    ...memoryStack(
      { app: { image: 'app:1', ...checked }, backup: { image: 'backup:1', kind: 'job', run: 'manual' } },
      more,
    ),
    ...(name && { name }),
  });
  const deployed = async (stack: Stack) => {
    expect((await (await engine.client.deploy(stack)).result()).outcome).toMatch(/succeeded|unchanged/);
    return stack;
  };
  const never = (name: string, what: ScheduleSpec['what']): ScheduleSpec => ({
    name,
    cron: ['0 0 1 1 *'],
    timeZone: 'UTC',
    jitterMs: 0,
    overlap: 'skip',
    catchupMs: 60_000,
    what,
  });
  const ended = async (stack: Stack, name: string, count: number) => {
    const runs = async () => (await engine.client.schedules.describe(place(stack), name)).runs;
    await until(async () => (await runs()).filter(({ end }) => end).length >= count);
    return runs();
  };
  const triggered = async (stack: Stack, what: ScheduleSpec['what']) => {
    const name = what.kind;
    await engine.client.schedules.create(place(stack), never(name, what));
    await engine.client.schedules.trigger(place(stack), name);
    return (await ended(stack, name, 1))[0]!.end;
  };

  it('restart services, run jobs and deploy the stack again, with fresh images, and tell what came of it', async () => {
    const stack = await deployed(shop());
    expect(await triggered(stack, { kind: 'restart', services: ['app'] })).toEqual({
      outcome: 'succeeded',
      deployment: 2,
    });
    expect(await triggered(stack, { kind: 'run', job: 'backup' })).toEqual({ outcome: 'succeeded', deployment: 3 });
    expect(await triggered(stack, { kind: 'deploy' })).toEqual({ outcome: 'unchanged', deployment: 4 });
    expect(
      host.calls
        .filter((call) => call.startsWith('start') && call.includes(stack.name))
        .map((call) => call.replace(/.*-test-/, '')),
    ).toEqual(['app-1-d1', 'app-1-d2', 'backup-1-d3']);
    expect((await engine.client.history(place(stack))).map(({ result }) => result?.requestedBy)).toEqual(
      expect.arrayContaining(['schedule restart', 'schedule run', 'schedule deploy']),
    );
  });

  it('take every cron expression that a stack file may have', async () => {
    const stack = await deployed(shop());
    await engine.client.schedules.create(place(stack), {
      ...never('all', { kind: 'deploy' }),
      cron: cronExpressions.taken,
    });
    const { next } = await engine.client.schedules.describe(place(stack), 'all');
    expect(next.length).toBeGreaterThan(0);
  });

  it('come round as documented in the two hours of a year in which clocks change: not at all, and once', async () => {
    const stack = await deployed(shop());
    const next = async (name: string, cron: string) => {
      await engine.client.schedules.create(place(stack), {
        ...never(name, { kind: 'deploy' }),
        cron: [cron],
        timeZone: 'Europe/Berlin',
      });
      return (await engine.client.schedules.describe(place(stack), name)).next.map((each) =>
        each.toISOString().slice(0, 10),
      );
    };
    expect(await next('spring', '30 2 25-31 3 SUN')).toEqual([]);
    const nights = await next('autumn', '30 2 25-31 10 SUN');
    expect(nights.length).toBeGreaterThan(1);
    expect(new Set(nights.map((night) => night.slice(0, 4))).size).toBe(nights.length);
  });

  it('come round by themselves', async () => {
    const stack = await deployed(shop());
    await engine.client.schedules.create(place(stack), {
      ...never('often', { kind: 'deploy' }),
      cron: [],
      everyMs: 1000,
    });
    expect((await ended(stack, 'often', 2)).every(({ end }) => end === undefined || end.outcome === 'unchanged')).toBe(
      true,
    );
    await engine.client.schedules.pause(place(stack), 'often', 'enough');
    expect(await engine.client.schedules.describe(place(stack), 'often')).toMatchObject({
      paused: true,
      note: expect.stringMatching(/^by .+: enough$/) as string,
    });
    await engine.client.schedules.delete(place(stack), 'often');
    await expect(engine.client.schedules.describe(place(stack), 'often')).rejects.toThrow(/has no schedule often/);
  });

  it('tell why nothing came of it: nothing deployed, an open circuit breaker', async () => {
    expect(await triggered(shop(), { kind: 'deploy' })).toMatchObject({
      outcome: 'refused',
      message: expect.stringMatching(/^nothing is deployed in/) as string,
    });
    const breaker = { deployment: { circuit_breaker_threshold: 1 } };
    const stack = await deployed(shop(breaker));
    host.unhealthy['app:bad'] = 'never healthy';
    const bad = { ...stack, services: { ...stack.services, app: { ...stack.services.app!, image: 'app:bad' } } };
    expect(await (await engine.client.deploy(bad)).result()).toMatchObject({ outcome: 'rolled_back' });
    expect(await triggered(stack, { kind: 'restart', services: ['app'] })).toMatchObject({
      outcome: 'refused',
      message: expect.stringMatching(/^the circuit breaker is open after 1 failed/) as string,
    });
  });

  it('wait for a deployment that runs, and leave out what comes round meanwhile', async () => {
    const stack = await deployed(shop());
    host.held.add('held:1');
    const busy = await engine.client.deploy({
      ...stack,
      services: { ...stack.services, backup: { ...stack.services.backup!, image: 'held:1', run: 'always' } },
    });
    await until(() => host.instances.get(`${stack.name}-test-backup-1-d2`)?.status.state === 'running');
    await engine.client.schedules.create(place(stack), never('again', { kind: 'restart', services: ['app'] }));
    await engine.client.schedules.trigger(place(stack), 'again');
    await until(async () => (await engine.client.environment(place(stack)))?.queue.length === 1);
    await engine.client.schedules.trigger(place(stack), 'again');
    host.exit(`${stack.name}-test-backup-1-d2`, 0);
    expect(await busy.result()).toMatchObject({ outcome: 'succeeded' });
    expect(await ended(stack, 'again', 1)).toMatchObject([{ end: { outcome: 'succeeded', deployment: 3 } }]);
  });

  it('cancel the request before where they are to, and wait until it has gone back', async () => {
    host.held.add('held:1');
    const stack = await deployed(
      memoryStack({ app: { image: 'app:1', ...checked }, backup: { image: 'held:1', kind: 'job', run: 'manual' } }),
    );
    const job = async (deployment: number) => {
      await until(() => host.instances.get(`${stack.name}-test-backup-1-d${deployment}`)?.status.state === 'running');
    };
    await engine.client.schedules.create(place(stack), {
      ...never('newest', { kind: 'run', job: 'backup' }),
      overlap: 'cancel_other',
    });
    await engine.client.schedules.trigger(place(stack), 'newest');
    await job(2);
    await engine.client.schedules.trigger(place(stack), 'newest');
    const second = await engine.client.deployment(place(stack), 2);
    await until(async () => (await second.progress()).events.some(note('cancelled by its schedule')));
    host.exit(`${stack.name}-test-backup-1-d2`, 0);
    await job(3);
    host.exit(`${stack.name}-test-backup-1-d3`, 0);
    expect((await ended(stack, 'newest', 2)).map(({ end }) => end?.outcome)).toEqual(['cancelled', 'succeeded']);
  });

  it('make up for the times between two moments', async () => {
    const stack = await deployed(shop());
    await engine.client.schedules.create(place(stack), {
      ...never('hourly', { kind: 'restart', services: ['app'] }),
      cron: ['0 * * * *'],
    });
    await engine.client.schedules.backfill(
      place(stack),
      'hourly',
      new Date('2026-11-20T00:30:00Z'),
      new Date('2026-11-20T02:30:00Z'),
    );
    expect((await ended(stack, 'hourly', 2)).map(({ end }) => end)).toEqual([
      { outcome: 'succeeded', deployment: 2 },
      { outcome: 'succeeded', deployment: 3 },
    ]);
  });

  it('of the stack file are kept in step with it by deployments, and gone when it is stopped', async () => {
    const nightly = { cron: '0 3 * * *', time_zone: 'Europe/Berlin', services: ['app'] };
    const job = (schedule?: object | string) => ({
      services: {
        app: { image: 'app:1', ...checked },
        backup: { image: 'backup:1', kind: 'job', run: 'manual', ...(schedule && { schedule }) },
      },
    });
    const stack = await deployed(shop({ schedules: { nightly, weekly: { cron: '@weekly' } }, ...job('30 2 * * *') }));
    const views = async () =>
      (await engine.client.schedules.list(place(stack))).schedules.map(
        ({ spec, source, paused }: ScheduleView) =>
          `${spec.name} ${spec.cron.join()} ${spec.what.kind} ${source}${paused ? ' paused' : ''}`,
      );
    expect(await views()).toEqual([
      'backup 30 2 * * * run file',
      'nightly 0 3 * * * restart file',
      'weekly @weekly deploy file',
    ]);
    await engine.client.schedules.pause(place(stack), 'nightly', 'at night');
    await engine.client.schedules.create(place(stack), never('mine', { kind: 'deploy' }));
    await deployed(shop({ schedules: { nightly: { ...nightly, cron: '0 4 * * *' } }, ...job() }, stack.name));
    expect(await views()).toEqual(['mine 0 0 1 1 * deploy client', 'nightly 0 4 * * * restart file paused']);
    expect(await (await engine.client.stop(stack)).result()).toMatchObject({ outcome: 'succeeded', leftBehind: [] });
    expect(await views()).toEqual(['mine 0 0 1 1 * deploy client']);
  });

  it('are listed beside those that something else has made, which are named', async () => {
    const stack = await deployed(shop());
    await engine.client.schedules.create(place(stack), never('mine', { kind: 'deploy' }));
    const temporal = new Client({
      connection: await Connection.connect({ address: address() }),
      namespace: 'schedules',
    });
    const foreign = (name: string, args: unknown[]) =>
      temporal.schedule.create({
        scheduleId: `schedule/${stack.name}/test/${name}`,
        spec: { calendars: [{ month: 'JANUARY' }] },
        memo: { of: 'somebody else' },
        action: {
          type: 'startWorkflow',
          workflowType: 'redeploy',
          taskQueue: 'nobody',
          workflowId: `foreign-${name}`,
          args,
        },
      });
    await Promise.all([
      foreign('nothing', []),
      foreign('half', [
        { place: place(stack), spec: { ...never('half', { kind: 'deploy' }), what: { kind: 'restart' } } },
      ]),
    ]);
    const listed = async () => {
      const { schedules, unreadable } = await engine.client.schedules.list(place(stack));
      return { readable: schedules.map(({ spec }) => spec.name), unreadable };
    };
    await eventually(async () => expect((await listed()).unreadable).toHaveLength(2));
    expect(await listed()).toEqual({ readable: ['mine'], unreadable: ['half', 'nothing'] });
    await expect(engine.client.schedules.describe(place(stack), 'half')).rejects.toThrow(
      /half was not created by deploy-code, or with another encryption key; delete it with .*schedule delete half/,
    );
    await engine.client.schedules.delete(place(stack), 'half');
    await eventually(async () => expect((await listed()).unreadable).toEqual(['nothing']));
    await temporal.connection.close();
  });
});
