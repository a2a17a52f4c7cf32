import { createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import type { Stack } from '../../src/client';
import { sealingKeyOf } from '../../src/guard/sealing';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { serveApi, type ApiServer } from '../support/api-server';
import { startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { memoryStack, shop } from '../support/memory-stack';
import { uniqueName } from '../support/stack';

interface Answer {
  status: number;
  body: Record<string, unknown>;
}

describe('the API of a running engine', () => {
  const host = new MemoryHost();
  const servers: ApiServer[] = [];
  const failures: Error[] = [];
  let engine: TestEngine;
  let stack: Stack;
  let here: string;
  let operator: string;
  let viewer: string;

  const serve = async (): Promise<string> => {
    const server = await serveApi(engine.client, (error) => failures.push(error));
    servers.push(server);
    return `${server.url}/api/v1`;
  };
  const tokenFor = async (subject: string) => (await engine.client.access.createToken(subject)).token;
  const call = async (
    token: string,
    method: string,
    path: string,
    body?: object,
    { base = here, ...headers }: Record<string, string> = {},
  ): Promise<Answer> => {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
  };
  const at = (path = '') => `/environments/${stack.name}/test${path}`;
  const deploy = async (body: object, headers?: Record<string, string>): Promise<string> => {
    const { status, body: answer } = await call(operator, 'POST', at('/deployments'), body, headers);
    expect([status, answer]).toEqual([202, { id: expect.any(String) as string, place: expect.anything() as object }]);
    return answer.id as string;
  };
  const outcome = async (id: string) => (await call(operator, 'GET', at(`/deployments/${id}/result`))).body.outcome;

  beforeAll(async () => {
    engine = await startEngine('api', { runtimes: { memory: createMemoryRuntime(host) } });
    stack = shop();
    await engine.client.access.grant({ subject: 'service:ci', role: 'operator', scope: `${stack.name}/test` });
    await engine.client.access.grant({ subject: 'user:vi', role: 'viewer', scope: stack.name });
    operator = await tokenFor('service:ci');
    viewer = await tokenFor('user:vi');
    here = await serve();
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.close()));
    await engine.close();
    expect(failures).toEqual([]);
  });

  it('plans and deploys a stack that a client has read, for whoever may', async () => {
    expect(await call(viewer, 'GET', at())).toMatchObject({ status: 404, body: { code: 'not_found' } });
    const planned = await call(operator, 'POST', at('/plans'), { stack });
    expect(planned).toMatchObject({ status: 200, body: { plan: { changes: true }, refusals: [] } });
    const refused = await call(viewer, 'POST', at('/deployments'), { stack });
    expect(refused).toMatchObject({ status: 403, body: { code: 'forbidden' } });

    const id = await deploy({ stack, reason: 'the first' });
    expect(await outcome(id)).toBe('succeeded');
    expect((await call(viewer, 'GET', at())).body).toMatchObject({ current: { deployment: 1, release: 1 } });
    const { body } = await call(viewer, 'GET', at('/instances'));
    expect((body.instances as { service: string }[]).map(({ service }) => service).sort()).toEqual(
      expect.arrayContaining(['api', 'api', 'database', 'web']),
    );
    expect((await call(viewer, 'GET', '/environments')).body).toEqual({
      environments: [{ stack: stack.name, environment: 'test' }],
    });
  });

  it('refuses fields that it does not have: a misspelt one would do nothing', async () => {
    const misspelt = await call(operator, 'POST', at('/deployments'), { image: { web: 'web:2' } });
    expect(misspelt).toMatchObject({ status: 400, body: { code: 'bad_input' } });
    expect(JSON.stringify(misspelt.body)).toContain('image');
    expect((await call(operator, 'GET', at('/audit?limit=2'))).status).toBe(400);
  });

  it('records who asked, from where and with which token', async () => {
    const { records } = (await call(operator, 'GET', at('/audit'))).body as { records: object[] };
    const token = ((await call(operator, 'GET', '/whoami')).body.token ?? '') as string;
    expect(records.at(-1)).toMatchObject({ by: 'service:ci', from: `127.0.0.1 with token ${token}`, why: 'the first' });
  });

  it('shows the audit trails page by page, to their first record', async () => {
    await engine.client.access.grant({ subject: 'service:auditor', role: 'admin', scope: '*' });
    const auditor = await tokenFor('service:auditor');
    await eventually(async () => expect((await call(auditor, 'GET', '/audit')).status).toBe(200));
    for (const [path, token] of [
      [at('/audit'), operator],
      ['/audit', auditor],
    ] as const) {
      const whole = (await call(token, 'GET', `${path}?last=1000`)).body as { records: object[]; next?: string };
      expect(whole.next).toBeUndefined();
      const paged: object[] = [];
      for (let cursor = ''; ;) {
        const { records, next } = (await call(token, 'GET', `${path}?last=2${cursor}`)).body as typeof whole;
        paged.unshift(...records);
        if (next === undefined) break;
        cursor = `&cursor=${next}`;
      }
      expect(paged).toEqual(whole.records);
    }
    expect((await call(operator, 'GET', at('/audit?cursor=x'))).status).toBe(400);
  });

  it('makes one deployment of a request that is repeated with its key, and another for somebody else', async () => {
    const key = { 'idempotency-key': 'run-4711' };
    const body = { kind: 'restart', services: ['web'] };
    const ids = await Promise.all([deploy(body, key), deploy(body, key), deploy(body, key)]);
    expect(new Set(ids).size).toBe(1);
    expect(await outcome(ids[0]!)).toBe('succeeded');
    expect(await deploy(body, key)).toBe(ids[0]);
    const { kind, ...rest } = body;
    expect(await deploy({ ...rest, kind }, key)).toBe(ids[0]);
    expect(await call(operator, 'POST', at('/deployments'), { ...body, services: ['api'] }, key)).toMatchObject({
      status: 422,
      body: { code: 'refused', detail: expect.stringContaining('another request has used this key') as string },
    });
    const other = await call(operator, 'POST', at('/deployments'), body, { 'idempotency-key': 'run 4711' });
    expect(other).toMatchObject({ status: 400, body: { code: 'bad_input' } });
  });

  it('deploys other images of the current release, and rolls back', async () => {
    const unknown = await call(operator, 'POST', at('/deployments'), { images: { wen: 'web:2' } });
    expect(unknown).toMatchObject({
      status: 400,
      body: { detail: expect.stringContaining('no service "wen"') as string },
    });
    expect(await outcome(await deploy({ images: { web: 'web:2' } }))).toBe('succeeded');
    expect((await call(viewer, 'GET', at('/releases/2'))).body).toMatchObject({
      release: 2,
      requestedBy: 'service:ci',
      services: { web: { image: 'web:2' }, database: { image: 'database:1' } },
    });
    const back = { 'idempotency-key': 'back' };
    const id = await deploy({ kind: 'rollback' }, back);
    expect(await outcome(id)).toBe('succeeded');
    expect(await deploy({ kind: 'rollback' }, back)).toBe(id);
    const { body } = await call(viewer, 'GET', at('/instances'));
    expect(
      (body.instances as { service: string; image: string }[]).find(({ service }) => service === 'web'),
    ).toMatchObject({
      image: 'web:1',
    });
  });

  it('takes no stack of another environment, and finds no deployment of another', async () => {
    const foreign = memoryStack({ web: { image: 'web:1' } });
    const sneaked = await call(operator, 'POST', at('/deployments'), { stack: foreign });
    expect(sneaked).toMatchObject({ status: 400, body: { code: 'bad_input' } });
    const result = await (await engine.client.deploy(foreign)).result();
    expect(result.outcome).toBe('succeeded');
    const [{ workflowId } = { workflowId: '' }] = await engine.client.history({
      stack: foreign.name,
      environment: 'test',
    });
    const id = workflowId.split('/')[3]!;
    for (const each of [id, `..%2f${foreign.name}%2f${id}`, '%2e%2e'])
      expect((await call(operator, 'GET', at(`/deployments/${each}`))).status).toBeGreaterThanOrEqual(400);
    expect((await call(operator, 'GET', `/environments/${foreign.name}/test`)).status).toBe(403);
  });

  it('refuses what is no stack, before anything starts', async () => {
    const before = (await engine.client.history({ stack: stack.name, environment: 'test' })).length;
    for (const body of [
      { stack: { name: stack.name, environment: 'test' } },
      { stack: { ...stack, services: { '../x': {} } } },
      { kind: 'restart' },
      { kind: 'destroy' },
      { reason: 'two\nlines' },
    ])
      expect(await call(operator, 'POST', at('/deployments'), body)).toMatchObject({
        body: { code: expect.stringMatching(/bad_input|refused/) as string },
      });
    expect(await engine.client.history({ stack: stack.name, environment: 'test' })).toHaveLength(before);
  });

  it('streams the events of a deployment, and resumes at another server without a gap', async () => {
    const elsewhere = await serve();
    const id = await deploy({ images: { web: 'web:3' } });
    const all = await follow(here, at(`/deployments/${id}/events`), viewer);
    const ids = all.filter(({ event }) => event === 'event').map(({ id: number }) => number);
    expect(ids).toEqual(ids.map((_, index) => index + 1));
    expect(all.at(-1)).toMatchObject({ event: 'end', data: { status: 'succeeded' } });
    const rest = await follow(elsewhere, at(`/deployments/${id}/events`), viewer, 3);
    expect(rest.filter(({ event }) => event === 'event')).toEqual(
      all.filter((each) => each.event === 'event' && each.id! > 3),
    );
  });

  it('lists deployments in pages, the newest first', async () => {
    const listed = async (query: string) => {
      const { body } = await call(viewer, 'GET', at(`/deployments${query}`));
      return body as { deployments: { id: string; deployment: number }[]; next?: string };
    };
    await eventually(async () => expect((await listed('')).deployments.every((each) => 'endedAt' in each)).toBe(true));
    const { deployments: all } = await listed('');
    const seen: string[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const page: Awaited<ReturnType<typeof listed>> = await listed(`?limit=2${cursor && `&cursor=${cursor}`}`);
      expect(page.deployments.length).toBeGreaterThan(0);
      seen.push(...page.deployments.map(({ id }) => id));
      cursor = page.next;
    }
    expect(all.length).toBeGreaterThan(3);
    expect(seen).toEqual(all.map(({ id }) => id));
  });

  it('cancels and steers', async () => {
    const release = host.holdBack('create');
    const id = await deploy({ images: { web: 'web:4' } });
    const path = at(`/deployments/${id}`);
    expect(await call(viewer, 'POST', `${path}/cancellation`, {})).toMatchObject({ status: 403 });
    const impossible = await call(operator, 'POST', `${path}/steering`, { action: 'approve' });
    expect(impossible).toMatchObject({ status: 422, body: { code: 'refused' } });
    expect(await call(operator, 'POST', `${path}/cancellation`, {})).toMatchObject({ status: 200 });
    release();
    expect(await outcome(id)).toBe('cancelled');
  });

  it('freezes, and tells who has', async () => {
    expect(await call(operator, 'PUT', at('/freeze'), { reason: 'holidays', refuse: true })).toMatchObject({
      status: 200,
      body: { by: 'service:ci', reason: 'holidays' },
    });
    expect(await call(operator, 'PUT', at('/freeze'), { until: 'tomorrow' })).toMatchObject({ status: 400 });
    await eventually(async () =>
      expect((await call(viewer, 'GET', at())).body).toMatchObject({ freeze: { by: 'service:ci' } }),
    );
    expect(await call(operator, 'DELETE', at('/freeze'))).toMatchObject({ status: 204 });
  });

  it('keeps secrets that the client has sealed, and shows no value', async () => {
    const { body: key } = await call(operator, 'GET', at('/sealing-key'));
    expect(key.id).toMatch(/^[0-9a-f]{16}$/);
    expect(sealingKeyOf(Buffer.alloc(32)).id).not.toBe(key.id);
    await engine.client.secrets.set({ stack: stack.name, environment: 'test' }, 'TOKEN', 'planted-4801');
    const { body } = await call(operator, 'GET', at('/secrets'));
    expect(body).toMatchObject({ secrets: [{ name: 'TOKEN' }] });
    expect(JSON.stringify(body)).not.toContain('planted');
    expect(await call(viewer, 'GET', at('/secrets'))).toMatchObject({ status: 403 });
    expect(await call(operator, 'DELETE', at('/secrets/TOKEN'))).toMatchObject({ status: 204 });
    expect((await call(operator, 'GET', at('/secrets'))).body).toEqual({ secrets: [] });
  });

  it('deploys for a signed push, once however often it is sent, and never for an unsigned one', async () => {
    const place = { stack: uniqueName('hooked'), environment: 'test' };
    const secret = 'planted-4802-of-the-trigger';
    await engine.client.secrets.set(place, 'hook', secret);
    const images = { web: 'ghcr.io/acme/web:sha-{short_commit}' };
    const hooked = memoryStack(
      { web: { image: 'ghcr.io/acme/web:1' }, api: { image: 'api:1' } },
      {
        name: place.stack,
        secrets: { hook: { stored: true } },
        triggers: { push: { from: 'github', secret: 'hook', branches: ['main'], images } },
      },
    );
    expect((await (await engine.client.deploy(await engine.client.seal(hooked))).result()).outcome).toBe('succeeded');
    const commit = '6113728f27ae82c7b1a177c8d03f9e96e0adf246';
    const body = JSON.stringify({ ref: 'refs/heads/main', after: commit, repository: { full_name: 'acme/shop' } });
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    const send = async (signed: string): Promise<Answer> => {
      const response = await fetch(`${new URL(here).origin}/hooks/${place.stack}/test/push`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-github-event': 'push', 'x-hub-signature-256': signed },
        body,
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    };
    await eventually(async () => expect((await send(signature)).status).toBe(202), 20_000);
    const again = await send(signature);
    expect(again).toMatchObject({ status: 202, body: { result: 'replayed' } });
    expect(await send(signature.replace(/.$/, (last) => (last === '0' ? '1' : '0')))).toMatchObject({ status: 401 });
    const handle = engine.client.handle(`deployment/${place.stack}/test/${again.body.id as string}`);
    expect(await handle.result()).toMatchObject({
      outcome: 'succeeded',
      requestedBy: 'hook push',
      reason: 'github acme/shop main 6113728',
      changed: ['web'],
    });
    const { stack: released } = await engine.client.release(place, 2);
    expect([released.services.web!.image, released.services.api!.image]).toEqual([
      'ghcr.io/acme/web:sha-6113728',
      'api:1',
    ]);
    expect(await engine.client.history(place)).toHaveLength(2);
    const { records } = await engine.client.audit(released);
    expect(records.at(-1)).toMatchObject({ by: 'hook push', from: '127.0.0.1' });
  });

  it('answers a viewer with nothing that a kept release holds sealed', async () => {
    const { body } = await call(viewer, 'GET', at('/releases/1'));
    expect(body.stack).toBeUndefined();
  });

  it('refuses a token at every server within five seconds after it was revoked at one', async () => {
    const elsewhere = await serve();
    await engine.client.access.grant({ subject: 'user:root', role: 'admin', scope: '*' });
    const admin = await tokenFor('user:root');
    await eventually(async () => expect((await call(admin, 'GET', '/access/roles')).status).toBe(200));
    const { body: created } = await call(admin, 'POST', '/access/tokens', { subject: 'user:vi', note: 'for a day' });
    const token = created.token as string;
    for (const base of [here, elsewhere])
      await eventually(async () => expect((await call(token, 'GET', '/whoami', undefined, { base })).status).toBe(200));
    const { body: listed } = await call(admin, 'GET', '/access/tokens');
    expect(JSON.stringify(listed)).not.toContain(token.split('_')[2]);
    expect(await call(operator, 'DELETE', `/access/tokens/${created.id as string}`)).toMatchObject({ status: 403 });
    expect(await call(admin, 'DELETE', `/access/tokens/${created.id as string}`)).toMatchObject({ status: 204 });
    expect((await call(token, 'GET', '/whoami')).status).toBe(401);
    await eventually(
      async () => expect((await call(token, 'GET', '/whoami', undefined, { base: elsewhere })).status).toBe(401),
      5000,
    );
    const { records } = await engine.client.access.audit();
    expect(records.map(({ what }) => what)).toEqual(
      expect.arrayContaining([
        `access grant operator on ${stack.name}/test to service:ci`,
        `access revoke token ${created.id as string} of user:vi`,
      ]),
    );
    expect(records.at(-1)).toMatchObject({ by: 'user:root' });
  });

  it('takes a role away at once', async () => {
    const admin = await tokenFor('user:root');
    const query = `?subject=user:vi&scope=${stack.name}`;
    expect(await call(admin, 'DELETE', `/access/roles${query}`)).toMatchObject({ status: 204 });
    expect(await call(viewer, 'GET', at())).toMatchObject({ status: 403 });
    expect(await call(admin, 'DELETE', `/access/roles${query}`)).toMatchObject({ status: 422 });
    await engine.client.access.grant({ subject: 'user:vi', role: 'viewer', scope: stack.name });
  });
});

interface Sent {
  id?: number;
  event: string;
  data: Record<string, unknown>;
}

/** The messages of a stream of server-sent events, until its end. */
function follow(base: string, path: string, token: string, after?: number): Promise<Sent[]> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(after !== undefined && { 'last-event-id': String(after) }),
    };
    httpRequest(`${base}${path}`, { headers }, (response) => {
      let text = '';
      response
        .setEncoding('utf8')
        .on('data', (chunk: string) => (text += chunk))
        .on('end', () => resolve(text.split('\n\n').flatMap(sentIn)))
        .on('error', reject);
    })
      .on('error', reject)
      .end();
  });
}

function sentIn(block: string): Sent[] {
  const fields = new Map(
    block.split('\n').map((line) => [line.split(': ', 1)[0]!, line.slice(line.indexOf(': ') + 2)] as const),
  );
  const [event, id] = [fields.get('event'), fields.get('id')];
  if (event === undefined) return [];
  return [
    { event, ...(id !== undefined && { id: Number(id) }), data: JSON.parse(fields.get('data')!) as Sent['data'] },
  ];
}
