import { watch, type WatchOptions } from '../../src/activities/watch/watcher';
import type { ObservedInstance } from '../../src/model/observation';
import { RuntimeError, type Runtime } from '../../src/runtimes/runtime';
import { isFull } from '../support/exhaustive';

const day = 86_400_000;
const quietDays = isFull ? 30 : 2;
const check = {
  probe: { kind: 'tcp' as const, port: 1 },
  intervalMs: 30_000,
  timeoutMs: 1000,
  retries: 3,
  startPeriodMs: 0,
};
const instance = (name: string, more: Partial<ObservedInstance> = {}) =>
  ({
    name,
    service: name,
    ordinal: 1,
    kind: 'service',
    state: 'running',
    restart: 'always',
    healthCheck: check,
    ...more,
  }) as ObservedInstance;

/** A host whose time passes as fast as it is looked at. */
function simulate(
  instances: ObservedInstance[],
  happens: (at: number, instances: ObservedInstance[], sick: Set<string>) => void = () => undefined,
) {
  let at = 0;
  let probes = 0;
  const sick = new Set<string>();
  const restarts = new Map<string, number>();
  const runtime = {
    probe: async (name: string) => ((probes += 1), sick.has(name) ? 'connection refused' : undefined),
    inspect: async (name: string) => ({ restarts: restarts.get(name) ?? 0 }),
  } as unknown as Runtime;
  const look = (more: Partial<WatchOptions<{ instances: ObservedInstance[] }>> = {}) =>
    watch({
      runtime,
      everyMs: 10_000,
      strictUntil: 0,
      known: { ailing: [], drift: [] },
      signal: new AbortController().signal,
      drift: async () => [],
      observe: async () => (happens(at, instances, sick), { instances: instances.map((each) => ({ ...each })) }),
      now: () => at,
      elapsed: () => at,
      wait: async (ms) => void (at += ms),
      ...more,
    });
  return { look, at: () => at, probes: () => probes, restarts };
}

describe('the watch over an environment', () => {
  it(`of 157 services says nothing for ${quietDays} quiet days, though it looks and probes all the time`, async () => {
    const instances = Array.from({ length: 157 }, (_, index) => instance(`s${index}`));
    const world = simulate(instances, (at, _, sick) => at >= quietDays * day && sick.add('s7'));
    expect(await world.look({ everyMs: 600_000 })).toMatchObject({
      ailing: [{ instance: 's7', why: 'connection refused', restartable: true }],
    });
    expect(world.at()).toBeGreaterThanOrEqual(quietDays * day);
    expect(world.probes()).toBeGreaterThan(157 * 133 * quietDays);
  });

  it('probes at the interval of the check, and bears as many failures in a row as it allows', async () => {
    const world = simulate([instance('api')], (at, _, sick) =>
      at >= 100_000 ? sick.add('api') : at >= 40_000 && at < 90_000 ? sick.add('api') : sick.delete('api'),
    );
    await world.look();
    expect(world.at()).toBe(180_000);
    expect(world.probes()).toBe(7);
  });

  it('tells of one that is down at the second look: the first may be the restart by its runtime', async () => {
    const blip = simulate([instance('api'), instance('job', { kind: 'job', state: 'exited' })], (at, [api]) => {
      api!.state = at === 20_000 || at >= 60_000 ? 'exited' : 'running';
      api!.exitCode = 137;
    });
    expect(await blip.look()).toMatchObject({ ailing: [{ instance: 'api', why: 'exited 137' }] });
    expect(blip.at()).toBe(70_000);
  });

  it('knows one that stays down by its policy, and one that is paused', async () => {
    const world = simulate([
      instance('once', { restart: 'no', state: 'exited', exitCode: 0 }),
      instance('held', { state: 'paused' }),
    ]);
    expect((await world.look()).ailing).toMatchObject([
      { instance: 'once', restartable: false },
      { instance: 'held', why: 'is paused' },
    ]);
  });

  it('reports once what has completed by itself, and what was stopped or may have been as down', async () => {
    const once = (name: string, more: Partial<ObservedInstance> = {}) =>
      instance(name, { restart: 'no', state: 'exited', exitCode: 0, mayComplete: true, hash: `h-${name}`, ...more });
    const instances = [
      once('init'),
      once('stopped'),
      once('forgotten'),
      once('known'),
      once('failed', { exitCode: 1 }),
    ];
    const own: Record<string, boolean> = { init: true, stopped: false, failed: true };
    const runtime = { endedByItself: async (name: string) => own[name] } as unknown as Runtime;
    const runs = { known: 'h-known', stopped: 'h-before' };
    const first = await simulate(instances).look({ runtime, runs });
    expect(first).toMatchObject({ completed: { init: 'h-init' } });
    const second = await simulate(instances).look({ runtime, runs: { ...runs, ...first.completed } });
    expect(second).not.toHaveProperty('completed');
    expect(second.ailing.map(({ instance: name, why }) => `${name} ${why}`)).toEqual([
      'stopped exited 0',
      'forgotten exited 0',
      'failed exited 1',
    ]);
  });

  it('goes by the HEALTHCHECK of the image where nothing else checks an instance', async () => {
    const world = simulate([instance('own', { healthCheck: undefined }), instance('checked')], (at, instances) =>
      instances.forEach((each) => (each.runtimeHealth = at < 60_000 ? 'healthy' : 'unhealthy')),
    );
    const inspect = async () => ({
      health: 'unhealthy',
      state: 'running',
      ownCheck: { intervalMs: 1, problem: 'exited 3' },
      restarts: 0,
    });
    const { ailing } = await world.look({ runtime: { inspect, probe: async () => undefined } as unknown as Runtime });
    expect(ailing).toMatchObject([
      {
        instance: 'own',
        why: expect.stringContaining('is unhealthy: the HEALTHCHECK of its image exited 3') as string,
        restartable: true,
      },
    ]);
    expect(world.at()).toBe(60_000);
  });

  it('says nothing of what is known, and speaks when it is over', async () => {
    const world = simulate([instance('api')], (at, _, sick) => (at < 500_000 ? sick.add('api') : sick.delete('api')));
    const known = {
      ailing: [{ instance: 'api', service: 'api', ordinal: 1, why: 'connection refused', restartable: true }],
      drift: [],
    };
    const first = await world.look({ known: { ailing: [], drift: [] } });
    expect(first.ailing).toHaveLength(1);
    expect(await world.look({ known })).toEqual({ ailing: [], drift: [] });
    expect(world.at()).toBeGreaterThanOrEqual(500_000);
  });

  it('does not take what is known for over because it has only just begun to look', async () => {
    const world = simulate(
      [instance('api', { state: 'exited', exitCode: 1 }), instance('web')],
      (at, [api]) => at >= 300_000 && (api!.state = 'running'),
    );
    const known = {
      ailing: [{ instance: 'api', service: 'api', ordinal: 1, why: 'exited 1', restartable: false }],
      drift: ['db-1 is missing'],
    };
    expect(await world.look({ known, drift: async () => ['db-1 is missing'] })).toEqual({
      ailing: [],
      drift: ['db-1 is missing'],
    });
    expect(world.at()).toBe(300_000);
  });

  it('counts one that cannot even be asked as not well', async () => {
    const world = simulate([instance('api')]);
    const runtime = {
      probe: async () => Promise.reject(new RuntimeError('missing', 'port 8080 of api cannot be reached')),
      inspect: async () => undefined,
    } as unknown as Runtime;
    expect((await world.look({ runtime })).ailing).toMatchObject([
      { instance: 'api', why: 'port 8080 of api cannot be reached' },
    ]);
  });

  it('sees a crash that the runtime has mended while the release is on trial, and not afterwards', async () => {
    const world = simulate(
      [instance('api', { healthCheck: undefined })],
      (at) => at >= 50_000 && world.restarts.set('api', 1),
    );
    expect(await world.look({ strictUntil: 100_000 })).toMatchObject({
      ailing: [{ why: 'crashed and was restarted (1 times)' }],
    });
  });

  it('tells drift that lasts from one look to the next', async () => {
    let looks = 0;
    const world = simulate([instance('api')]);
    expect(
      await world.look({ drift: async () => ((looks += 1) === 2 || looks > 4 ? ['web-1 is missing'] : []) }),
    ).toEqual({ ailing: [], drift: ['web-1 is missing'] });
    expect(looks).toBe(6);
  });

  it('trusts nothing it sees for half a minute after the platform was away', async () => {
    const world = simulate([instance('api', { state: 'exited' })]);
    const away = async () => {
      if (world.at() < 60_000) throw new RuntimeError('platform', 'the Docker Engine does not answer');
      return { instances: [instance('api', { state: 'exited' })] };
    };
    await world.look({ observe: away });
    expect(world.at()).toBeGreaterThanOrEqual(80_000);
  });
});
