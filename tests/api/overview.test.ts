import type { Caller } from '../../src/api/access/directory';
import { Overview } from '../../src/api/overview';
import { ApiEngine } from '../support/api-engine';

const everywhere = { subject: 'user:ana', token: 't', roles: [{ role: 'viewer', scope: '*' }] } as unknown as Caller;
const inShop = { subject: 'user:ben', token: 'u', roles: [{ role: 'viewer', scope: 'shop' }] } as unknown as Caller;
const settings = { everyMs: 1000, onDrift: 'report', onUnhealthy: 'restart' };
const watch = { release: 1, deployment: 1, ailing: [], drift: [], restarts: {}, repairs: {}, settings };
const now = 1_000_000;

describe('the overview', () => {
  let engine: ApiEngine;
  let overview: Overview;
  let clock: number;
  beforeEach(() => {
    engine = new ApiEngine();
    clock = now;
    overview = new Overview(engine.client, () => clock);
    engine.deploy('shop', 'production', { watch });
    engine.deploy('blog', 'production', { watch });
  });
  const look = async (caller = everywhere, since?: string) => {
    clock += 1001;
    return overview.changes(caller, since);
  };
  const tileOf = async (more: Record<string, unknown>) => {
    engine.deploy('shop', 'production', more);
    return (await look(inShop)).tiles[0]!;
  };

  it('shows everybody what they may see, and nothing else', async () => {
    expect((await look()).tiles.map(({ place }) => place.stack)).toEqual(['shop', 'blog']);
    expect((await look(inShop)).tiles.map(({ place }) => place.stack)).toEqual(['shop']);
  });

  it('sends only what has changed since a version, and what is gone', async () => {
    const { version, whole } = await look();
    expect(whole).toBe(true);
    expect(await look(everywhere, version)).toMatchObject({ version, whole: false, tiles: [], gone: [] });
    engine.deploy('blog', 'production', { watch, queue: [{ workflowId: 'deployment/blog/production/x' }] });
    engine.environments.delete('shop/production');
    const next = await look(everywhere, version);
    expect(next).toMatchObject({
      whole: false,
      tiles: [{ place: { stack: 'blog' }, queued: 1 }],
      gone: [{ stack: 'shop', environment: 'production' }],
    });
    expect(await look(inShop, next.version)).toMatchObject({ whole: true });
  });

  it('sends everything to somebody whose roles have changed, and after a restart of the server', async () => {
    const { version } = await look(inShop);
    const promoted = { ...inShop, roles: everywhere.roles } as Caller;
    expect(await look(promoted, version)).toMatchObject({ whole: true, tiles: [{}, {}] });
    const other = new Overview(engine.client, () => clock);
    expect(await other.changes(inShop, version)).toMatchObject({ whole: true });
  });

  it('reads of thousands only those that have changed, and some of the rest', async () => {
    for (let index = 0; index < 500; index += 1) engine.deploy(`s${index}`, 'test', { watch });
    await look();
    engine.reads.environment = 0;
    engine.deploy('s499', 'test', { watch: { ...watch, drift: ['a network is gone'] } });
    const { tiles } = await look();
    expect(tiles.find(({ place }) => place.stack === 's499')).toMatchObject({ health: 'drifted' });
    expect(engine.reads.environment).toBeLessThanOrEqual(41);
  });

  it('shows of an environment that cannot be read what was known, and of a new one that it is unknown', async () => {
    await look();
    engine.unreadable.add('blog/production');
    expect((await look()).tiles).toMatchObject([{ health: 'healthy' }, { health: 'healthy' }]);
    engine.deploy('new', 'test', { watch });
    engine.unreadable.add('new/test');
    const { tiles, complete } = await look();
    expect(tiles[2]).toMatchObject({ health: 'unreadable', findings: [{ text: 'planted' }] });
    expect(complete).toBe(true);
    engine.unreadable.clear();
    clock += 30_000;
    expect((await look()).tiles[2]).toMatchObject({ health: 'healthy' });
  });

  it('fails if nothing can be read', async () => {
    for (const key of engine.environments.keys()) engine.unreadable.add(key);
    await expect(look()).rejects.toThrow('planted');
    await expect(look()).rejects.toThrow('planted');
    engine.unreadable.clear();
    expect((await look()).tiles).toMatchObject([{ health: 'healthy' }, { health: 'healthy' }]);
  });

  it('reads again when a freeze has ended by its time', async () => {
    engine.deploy('shop', 'production', { watch, freeze: { by: 'ana', at: now, until: now + 10_000, refuse: false } });
    for (let index = 0; index < 100; index += 1) engine.deploy(`s${index}`, 'test', { watch });
    expect((await look(inShop)).tiles[0]).toHaveProperty('freeze');
    clock += 10_000;
    expect((await look(inShop)).tiles[0]).not.toHaveProperty('freeze');
  });

  it('reads at once what somebody has just changed, and otherwise once a second', async () => {
    await look();
    engine.deploy('shop', 'production', { watch, freeze: { by: 'ana', at: now, refuse: false } });
    expect((await overview.changes(inShop, undefined)).tiles[0]).not.toHaveProperty('freeze');
    overview.touch({ stack: 'shop', environment: 'production' });
    expect((await overview.changes(inShop, undefined)).tiles[0]).toMatchObject({ freeze: { by: 'ana' } });
  });

  it('says what is wrong, since when, and who has changed it', async () => {
    const ailing = [{ instance: 'i', service: 'web', ordinal: 2, why: 'exited 137', restartable: true }];
    const drift = ['the network shop is gone'];
    expect(await tileOf({ watch: { ...watch, ailing, drift, since: { i: 5 } } })).toMatchObject({
      health: 'degraded',
      findings: [{ text: 'web-2 exited 137', since: 5 }, { text: 'the network shop is gone' }],
      release: { number: 1, by: 'ana', reason: 'the cart' },
    });
    expect(await tileOf({ watch: { ...watch, drift } })).toMatchObject({ health: 'drifted' });
    expect(await tileOf({ watch })).toMatchObject({ health: 'healthy' });
    // Until it finds something, the watch reports nothing.
    expect(await tileOf({ watch: { ...watch, settings: undefined } })).toMatchObject({ health: 'healthy' });
    expect(await tileOf({ watch: { ...watch, trouble: { message: 'away', retryAt: 0 } } })).toMatchObject({
      health: 'unwatched',
      findings: [{ text: 'away' }],
    });
    expect(await tileOf({ watch: { ...watch, off: true } })).toMatchObject({ health: 'unwatched' });
    expect(await tileOf({ watch, current: { deployment: 3 } })).toMatchObject({ health: 'stopped' });
    expect(await tileOf({ watch: undefined, current: undefined })).toMatchObject({ health: 'empty' });
  });

  it('shows a trial, an open breaker, a pause and the last failure while they last', async () => {
    const current = { deployment: 1, release: 1, at: now };
    const [windowMs, breaker] = [60_000, { failures: 3, openedAt: now }];
    const recent = [{ deployment: 2, outcome: 'rolled_back' }];
    const watchPause = { by: 'ana', until: now + 60_000 };
    const more = { watch: { ...watch, windowMs }, current, breaker, recent, watchPause };
    expect(await tileOf(more)).toMatchObject({
      health: 'unwatched',
      trialUntil: now + 60_000,
      breaker: { failures: 3 },
      failed: { deployment: 2, outcome: 'rolled_back' },
      watchPausedUntil: now + 60_000,
    });
    clock += 120_000;
    const later = await tileOf(more);
    expect(later).toMatchObject({ health: 'healthy' });
    expect(later).not.toHaveProperty('trialUntil');
    expect(later).not.toHaveProperty('watchPausedUntil');
  });

  it('shows the deployment that runs, and whether it waits for a person', async () => {
    const workflowId = 'deployment/shop/production/r1';
    const asked = { by: 'ben', intent: 'rollback', at: now };
    engine.running.set('shop/production', [{ workflowId, status: 'waiting', startedAt: new Date(now) }]);
    expect(await tileOf({ watch, running: { workflowId, deployment: 7, asked } })).toMatchObject({
      running: { id: 'r1', deployment: 7, intent: 'rollback', by: 'ben', since: now, waits: true },
    });
  });
});
