import { createHmac } from 'node:crypto';
import { judge } from '../../src/activities/hooks';
import { createApiServer } from '../../src/api';
import { BlockedAddresses } from '../../src/api/hooks/blocked-addresses';
import { TriggerDirectory } from '../../src/api/hooks/directory';
import { Slots } from '../../src/api/hooks/slots';
import { ApiMetrics } from '../../src/api/metrics';
import type { DirectClient } from '../../src/client';
import { origin, userName } from '../../src/client/user';
import type { HookDelivery, Trigger } from '../../src/model/hooks';
import type { Place } from '../../src/workflows/messages';

const secret = 'a-secret-of-24-characters';
const triggerOf = (name: string, from: Trigger['from'], more: Partial<Trigger> = {}): Trigger => ({
  name,
  from,
  secret: { name: 'hook', source: { sealed: '' } },
  ...more,
});
const triggers = [
  triggerOf('push', 'github', { branches: ['main'] }),
  triggerOf('lab', 'gitlab', { branches: ['main'] }),
  triggerOf('hub', 'dockerhub', { images: { web: 'acme/web:{tag}' } }),
  triggerOf('port', 'harbor'),
  triggerOf('own', 'signed'),
  triggerOf('broken', 'github', { branches: ['main'] }),
];
const current = { name: 'shop', environment: 'production', services: {}, triggers };
const push = JSON.stringify({ ref: 'refs/heads/main', after: 'a'.repeat(40), repository: { full_name: 'acme/shop' } });
const signatureOf = (body: string, key = secret) => `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;

/** An engine of which the deployments are remembered; verifies as a worker does. */
class FakeEngine {
  readonly asked: string[] = [];
  readonly deliveries: HookDelivery[] = [];
  readonly deployed = new Map<string, object>();
  readonly client: DirectClient;

  constructor() {
    const access = { state: async () => ({ bindings: [], tokens: {} }), recordUses: async () => undefined };
    const handleOf = (id: string) => ({ id: `deployment/shop/production/${id}` });
    this.client = {
      access,
      environments: async () => this.note('environments', [{ stack: 'shop', environment: 'production' }]),
      environment: async () => this.note('environment', { current: { deployment: 3, release: 7 }, releases: [7] }),
      release: async () => this.note('release', { stack: current }),
      readHook: async (place: Place, release: number, name: string, delivery: HookDelivery) => {
        this.note('readHook', undefined);
        expect(release).toBe(7);
        this.deliveries.push(delivery);
        const trigger = triggers.find((each) => each.name === name)!;
        if (name === 'broken') return { verdict: 'refused', reason: 'secret', message: 'the secret is gone' };
        return judge({ trigger, secret, place, delivery, now: Date.now() }, () => true);
      },
      requested: async (_: Place, { requestId }: { requestId: string }) =>
        this.deployed.has(requestId) ? handleOf(requestId) : undefined,
      redeployFor: async (event: object, place: Place, { requestId, ...options }: { requestId: string }) => {
        this.deployed.set(requestId, { place, by: userName(), from: origin(), ...event, ...options });
        return handleOf(requestId);
      },
    } as unknown as DirectClient;
  }

  private note<T>(what: string, value: T): T {
    this.asked.push(what);
    return value;
  }
}

const failures: Error[] = [];
const serverOf = async (engine: FakeEngine, more: { perMinute?: number; metrics?: ApiMetrics } = {}) =>
  createApiServer({
    client: engine.client,
    host: { bound: '127.0.0.1', allowed: [] },
    version: '0',
    onFailure: (error) => failures.push(error),
    perMinute: 100_000,
    ...more,
  });

interface Sent {
  path?: string;
  body?: string;
  headers?: Record<string, string>;
  from?: string;
}

describe('the address of triggers', () => {
  let engine: FakeEngine;
  let metrics: ApiMetrics;
  let app: Awaited<ReturnType<typeof createApiServer>>;
  beforeEach(async () => {
    engine = new FakeEngine();
    metrics = new ApiMetrics();
    app = await serverOf(engine, { metrics });
  });
  afterEach(() => app.close());

  const send = async ({ path = 'shop/production/push', body = push, headers = {}, from = '192.0.2.1' }: Sent = {}) => {
    const answer = await app.inject({
      method: 'POST',
      url: `/hooks/${path}`,
      remoteAddress: from,
      headers: { host: '127.0.0.1', 'content-type': 'application/json', ...headers },
      payload: body,
    });
    return { status: answer.statusCode, body: answer.json() as Record<string, unknown> };
  };
  const github = (body = push, key = secret) => ({
    body,
    headers: { 'x-github-event': 'push', 'x-hub-signature-256': signatureOf(body, key), 'x-github-delivery': 'x' },
  });
  const countOf = async (result: string) =>
    (await metrics.registry.getSingleMetric('deploy_code_api_hooks_total')!.get()).values.find(
      ({ labels }) => labels.result === result,
    )?.value ?? 0;

  it('deploys for a signed request, in the name of the trigger, and once however often it is sent', async () => {
    const first = await send(github());
    expect(first).toEqual({ status: 202, body: { result: 'deployed', id: expect.any(String) as string } });
    const again = await send({
      ...github(),
      headers: { ...github().headers, 'x-github-delivery': 'y' },
      from: '192.0.2.9',
    });
    expect(again).toEqual({ status: 202, body: { result: 'replayed', id: first.body.id } });
    expect([...engine.deployed.values()]).toEqual([
      {
        place: { stack: 'shop', environment: 'production' },
        by: 'hook push',
        from: '192.0.2.1',
        automatic: true,
        reason: 'github acme/shop main aaaaaaa',
        commit: 'a'.repeat(40),
      },
    ]);
    expect([await countOf('deployed'), await countOf('replayed')]).toEqual([1, 1]);
  });

  it('answers a push to another branch without a deployment', async () => {
    const body = push.replace('main', 'feature');
    expect(await send(github(body))).toMatchObject({ status: 202, body: { result: 'ignored' } });
    expect(engine.deployed.size).toBe(0);
  });

  it('passes the secret of a request on as a digest only', async () => {
    const tag = JSON.stringify({ push_data: { tag: '2' }, repository: { repo_name: 'acme/web' } });
    expect(await send({ path: `shop/production/hub?secret=${secret}`, body: tag })).toMatchObject({
      body: { result: 'deployed' },
    });
    expect([...engine.deployed.values()]).toMatchObject([{ images: { web: 'acme/web:2' } }]);
    const harbor = JSON.stringify({
      type: 'PUSH_ARTIFACT',
      event_data: { resources: [{ tag: '1', resource_url: 'harbor.example.com/acme/web:1' }] },
    });
    for (const authorization of [secret, `Bearer ${secret}`]) {
      const sent = { path: 'shop/production/port', body: harbor, headers: { authorization } };
      expect((await send(sent)).status).toBe(202);
    }
    const lab = JSON.stringify({ object_kind: 'push', ref: 'refs/heads/main', checkout_sha: 'b'.repeat(40) });
    const headers = { 'x-gitlab-token': secret, 'x-gitlab-event': 'Push Hook' };
    expect((await send({ path: 'shop/production/lab', body: lab, headers })).status).toBe(202);
    expect(engine.deliveries).toHaveLength(4);
    expect(JSON.stringify(engine.deliveries)).not.toContain(secret);
  });

  it('gives the same answer for what does not exist, and what is not signed with the secret', async () => {
    const answers = [
      await send(github(push, 'another secret')),
      await send({ ...github(), path: 'shop/production/nothing' }),
      await send({ ...github(), path: 'shop/staging/push' }),
      await send({ ...github(), path: 'shop/production/__proto__' }),
      await send({ ...github(), path: 'SHOP/production/push' }),
      await send(),
      await send({ path: 'shop/production/hub?secret=wrong' }),
      await send({ path: 'shop/production/hub' }),
      await send({ ...github(), path: 'shop/production/broken' }),
    ];
    for (const each of answers) expect(each).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect([await countOf('signature'), await countOf('unknown'), await countOf('unsigned')]).toEqual([2, 4, 2]);
    expect(failures.splice(0).map(({ message }) => message)).toEqual(['the secret is gone']);
    expect(engine.deployed.size).toBe(0);
  });

  it('asks the engine nothing about each unknown name, and nothing before a request can be genuine', async () => {
    for (let index = 0; index < 50; index += 1) {
      await send({ ...github(), path: `shop-${index}/production/push` });
      await send({ ...github(), path: `shop/production/push-${index}` });
      await send({ body: push });
    }
    expect(engine.asked).toEqual(['environments', 'environment', 'release']);
  });

  it('takes no other type, and nothing that is too large', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const other = await send({ ...github(), headers: { ...github().headers, ...form } });
    expect(other).toMatchObject({ status: 400, body: { code: 'bad_input' } });
    const large = await send(github('x'.repeat(1024 * 1024 + 1)));
    expect(large).toMatchObject({ status: 413, body: { code: 'too_large' } });
    expect([await countOf('content_type'), await countOf('too_large')]).toEqual([1, 1]);
    expect(engine.asked).toEqual([]);
    expect((await send(github('{broken'))).status).toBe(400);
    const get = await app.inject({ url: '/hooks/shop/production/push', headers: { host: '127.0.0.1' } });
    expect([401, 404]).toContain(get.statusCode);
  });

  it('blocks an address with many wrong signatures, and no other one', async () => {
    for (let index = 0; index < 20; index += 1) expect((await send(github(push, 'wrong'))).status).toBe(401);
    const asked = engine.asked.length;
    expect(await send(github())).toMatchObject({ status: 429 });
    expect(engine.asked).toHaveLength(asked);
    expect(await countOf('blocked')).toBe(1);
    expect(failures.splice(0).map(({ message }) => message)).toEqual([
      '192.0.2.1 is blocked for ten minutes: it has sent many requests with a wrong signature',
    ]);
    expect((await send({ ...github(), from: '192.0.2.2' })).status).toBe(202);
  });

  it('does not let a stranger block the address of a forge that has sent something genuine', async () => {
    expect((await send(github())).status).toBe(202);
    for (let index = 0; index < 25; index += 1) await send(github(push, 'wrong'));
    expect((await send(github())).status).toBe(202);
  });

  it('limits the requests of an address', async () => {
    const strict = await serverOf(engine, { perMinute: 3 });
    const statuses: number[] = [];
    for (let index = 0; index < 5; index += 1)
      statuses.push(
        (await strict.inject({ method: 'POST', url: '/hooks/a/b/c', headers: { host: '127.0.0.1' } })).statusCode,
      );
    expect(statuses).toEqual([400, 400, 400, 429, 429]);
    await strict.close();
  });
});

describe('blocked addresses', () => {
  it('are free again after ten minutes, and strikes are forgotten', () => {
    let now = 0;
    const blocked = new BlockedAddresses(() => now);
    for (let index = 0; index < 19; index += 1) blocked.strike('a');
    expect(blocked.isBlocked('a')).toBe(false);
    now = 10 * 60_000;
    blocked.strike('a');
    expect(blocked.isBlocked('a')).toBe(false);
    for (let index = 0; index < 19; index += 1) blocked.strike('a');
    expect(blocked.isBlocked('a')).toBe(true);
    now += 10 * 60_000 - 1;
    expect(blocked.isBlocked('a')).toBe(true);
    now += 1;
    expect(blocked.isBlocked('a')).toBe(false);
  });

  it('are whole networks of IPv6', () => {
    const blocked = new BlockedAddresses(() => 0);
    for (let index = 0; index < 20; index += 1) blocked.strike(`2001:db8::${index + 1}`);
    expect([blocked.isBlocked('2001:db8::ffff'), blocked.isBlocked('2001:db8:0:1::1')]).toEqual([true, false]);
  });
});

describe('what a server knows of triggers', () => {
  it('is read again after five seconds, once for all who ask, and after a failure at once', async () => {
    let now = 0;
    const engine = new FakeEngine();
    const directory = new TriggerDirectory(engine.client, () => now);
    const place = { stack: 'shop', environment: 'production' };
    const found = await Promise.all([directory.find(place, 'push'), directory.find(place, 'push')]);
    expect(found).toEqual([
      { name: 'push', from: 'github', release: 7 },
      { name: 'push', from: 'github', release: 7 },
    ]);
    now = 4999;
    await directory.find(place, 'push');
    expect(engine.asked).toEqual(['environments', 'environment', 'release']);
    now = 5000;
    await directory.find(place, 'push');
    expect(engine.asked).toHaveLength(6);
    now = 10_000;
    const environments = jest.spyOn(engine.client, 'environments').mockRejectedValueOnce(new Error('away'));
    await expect(directory.find(place, 'push')).rejects.toThrow('away');
    environments.mockRestore();
    expect(await directory.find(place, 'push')).toBeDefined();
  });
});

describe('slots', () => {
  it('limit what is done at once, and what waits', async () => {
    let busy = 0;
    const slots = new Slots({ parallel: 1, waiting: 1, waitMs: 60_000 }, () => (busy += 1));
    const ended: string[] = [];
    let end: () => void = () => undefined;
    const first = slots.run(() => new Promise<void>((resolve) => (end = resolve))).then(() => ended.push('first'));
    const second = slots.run(async () => ended.push('second'));
    await expect(slots.run(async () => undefined)).rejects.toThrow('too many requests');
    end();
    await Promise.all([first, second]);
    expect(ended.sort()).toEqual(['first', 'second']);
    expect(await slots.run(async () => 'free')).toBe('free');
    expect(busy).toBe(1);
    const late = new Slots({ parallel: 1, waiting: 1, waitMs: 1 });
    void late.run(() => new Promise(() => undefined));
    await expect(late.run(async () => undefined)).rejects.toThrow('too many requests');
  });
});
