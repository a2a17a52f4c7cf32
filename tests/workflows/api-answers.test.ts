import Ajv2020 from 'ajv/dist/2020';
import { routes } from '../../src/api/routes';
import type { Stack } from '../../src/client';
import { ChannelKey } from '../../src/guard/sealed-channel';
import { newSessionToken } from '../../src/guard/access/session-token';
import { seal } from '../../src/guard/sealing';
import { kinds } from '../../src/model/session';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { serveApi, type ApiServer } from '../support/api-server';
import { startEngine, type TestEngine } from '../support/engine';
import { shop } from '../support/memory-stack';

interface Described {
  paths: Record<string, Record<string, { responses: Record<string, Response> }>>;
  components: object;
}
interface Response {
  content?: Record<string, { schema: object }>;
}
interface Request {
  params?: Record<string, string>;
  query?: string;
  body?: object;
  token?: string;
}

const events = '/environments/:stack/:environment/deployments/:deployment/events';

/** Every answer of a running engine is one that the description of the API has. */
describe('the answers of the API', () => {
  const host = new MemoryHost();
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  const answered = new Set<string>();
  const failures: Error[] = [];
  let engine: TestEngine;
  let server: ApiServer;
  let described: Described;
  let base: string;
  let stack: Stack;
  let admin: string;
  let viewer: string;

  /** Calls a route, and compares its answer with the description. */
  const call = async (
    method: string,
    path: string,
    { params = {}, query = '', body, token = admin }: Request = {},
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const values: Record<string, string> = { stack: stack.name, environment: 'test', ...params };
    const response = await fetch(`${base}${path.replace(/:(\w+)/g, (_, name: string) => values[name]!)}${query}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const { status } = response;
    const { responses } = described.paths[`/api/v1${path.replace(/:(\w+)/g, '{$1}')}`]![method.toLowerCase()]!;
    const known = responses[status];
    if (!known) throw new Error(`${method} ${path} does not describe ${status}: ${text}`);
    if (status < 300) answered.add(`${method} ${path}`);
    const type = response.headers.get('content-type')?.split(';')[0];
    if (type === undefined) {
      expect([status, text]).toEqual([204, '']);
      return { status, body: {} };
    }
    expect(`${status} ${type}`).toMatch(/^2\d\d (?:application\/json|text\/event-stream)$|^4\d\d application\/problem/);
    const { schema } = known.content?.[type] ?? {};
    if (!schema) throw new Error(`${method} ${path} does not describe ${type} with ${status}: ${text}`);
    if (type === 'text/event-stream') return { status, body: {} };
    const data = JSON.parse(text) as Record<string, unknown>;
    if (!ajv.validate({ ...schema, components: described.components }, data))
      throw new Error(`${method} ${path}: ${text} is outside its schema: ${ajv.errorsText()}`);
    return { status, body: data };
  };
  const here = '/environments/:stack/:environment';
  const expectStatus = async (expected: number, ...request: Parameters<typeof call>) => {
    const { status, body } = await call(...request);
    expect([request[0], request[1], status, body]).toEqual([request[0], request[1], expected, expect.anything()]);
    return body;
  };

  beforeAll(async () => {
    engine = await startEngine('api-answers', { runtimes: { memory: createMemoryRuntime(host) } });
    stack = shop();
    await engine.client.access.grant({ subject: 'user:root', role: 'admin', scope: '*' });
    await engine.client.access.grant({ subject: 'user:vi', role: 'viewer', scope: stack.name });
    admin = (await engine.client.access.createToken('user:root')).token;
    viewer = (await engine.client.access.createToken('user:vi')).token;
    server = await serveApi(engine.client, (error) => failures.push(error));
    base = `${server.url}/api/v1`;
    described = (await (await fetch(`${base}/openapi.json`)).json()) as Described;
  });
  afterAll(async () => {
    await server.close();
    await engine.close();
    expect(failures).toEqual([]);
  });

  it('fit their schemas before anything is deployed', async () => {
    await expectStatus(404, 'GET', here);
    await expectStatus(200, 'GET', '/environments');
    for (const part of ['instances', 'logs', 'hosts', 'engines', 'volumes', 'audit'])
      await expectStatus(404, 'GET', `${here}/${part}`);
    for (const part of ['queue', 'load-balancer', 'later-failure']) await expectStatus(200, 'GET', `${here}/${part}`);
    for (const part of ['deployments', 'plans', 'logs'])
      await expectStatus(404, 'POST', `${here}/${part}`, { body: {} });
    await expectStatus(422, 'POST', `${here}/deployments`, { body: { kind: 'redeploy' } });
    for (const deployment of ['1', 'none']) {
      const params = { deployment };
      await expectStatus(404, 'GET', `${here}/deployments/:deployment`, { params });
      await expectStatus(404, 'GET', `${here}/deployments/:deployment/result`, { params });
      await expectStatus(404, 'GET', events, { params });
      for (const [part, body] of [
        ['steering', { action: 'approve' }],
        ['answers', { question: '1', answer: 'yes' }],
        ['cancellation', {}],
        ['adoption', undefined],
      ] as const)
        await expectStatus(404, 'POST', `${here}/deployments/:deployment/${part}`, { params, body });
    }
  });

  it('fit their schemas when they are those of a deployment', async () => {
    await expectStatus(200, 'POST', `${here}/plans`, { body: { stack } });
    const { id } = await expectStatus(202, 'POST', `${here}/deployments`, { body: { stack, reason: 'first' } });
    const params = { deployment: id as string };
    await expectStatus(200, 'GET', events, { params });
    await expectStatus(200, 'GET', `${here}/deployments/:deployment/result`, { params });
    await expectStatus(200, 'GET', `${here}/deployments/:deployment`, { params });
    await expectStatus(200, 'GET', `${here}/deployments`);
    await expectStatus(200, 'GET', '/environments');
    await expectStatus(200, 'GET', '/overview');
    await expectStatus(422, 'POST', `${here}/deployments/:deployment/steering`, { params, body: { action: 'retry' } });
    await expectStatus(200, 'POST', `${here}/plans`, { body: { images: { web: 'web:2' } } });
    for (const [kind, status] of [
      ['rollback', 422],
      ['restart', 200],
      ['repair', 200],
      ['stop', 200],
      ['redeploy', 200],
      ['run', 200],
    ] as const)
      await expectStatus(status, 'POST', `${here}/plans`, { body: { kind, services: ['migrate'] } });
    for (const kind of ['restart', 'run'])
      for (const service of ['constructor', 'nothing'])
        await expectStatus(422, 'POST', `${here}/deployments`, { body: { kind, services: [service] } });
  });

  it('fit their schemas when a deployment waits, is answered, steered and cancelled', async () => {
    const release = host.holdBack('create');
    const body = { images: { web: 'web:3' } };
    const { id } = await expectStatus(202, 'POST', `${here}/deployments`, { body });
    const { id: second } = await expectStatus(202, 'POST', `${here}/deployments`, { body: { kind: 'repair' } });
    const params = { deployment: id as string };
    const path = `${here}/deployments/:deployment`;
    await expectStatus(200, 'GET', here);
    await expectStatus(200, 'GET', '/overview');
    await expectStatus(200, 'GET', path, { params: { deployment: second as string } });
    await expectStatus(422, 'POST', `${path}/answers`, { params, body: { question: 'none', answer: 'yes' } });
    await expectStatus(200, 'GET', `${here}/queue`);
    await expectStatus(200, 'POST', `${path}/cancellation`, { params: { deployment: second as string }, body: {} });
    await expectStatus(204, 'POST', `${path}/steering`, { params, body: { action: 'pause' } });
    for (const services of [[{ name: 'web' }], [{ name: 'web', secrets: [] }]])
      await expectStatus('secrets' in services[0]! ? 422 : 400, 'POST', `${path}/amendments`, {
        params,
        body: { services },
      });
    await expectStatus(200, 'GET', `${path}/build`, { params });
    await expectStatus(204, 'POST', `${path}/adoption`, { params });
    await expectStatus(200, 'POST', `${path}/cancellation`, { params, body: { killJobs: true } });
    release();
    await expectStatus(200, 'GET', `${path}/result`, { params });
    await expectStatus(200, 'GET', path, { params });
    expect(await expectStatus(200, 'POST', `${path}/cancellation`, { params, body: {} })).toEqual({ ending: 'over' });
  });

  it('fit their schemas when they are about what runs', async () => {
    await expectStatus(200, 'GET', here);
    await expectStatus(200, 'GET', '/overview');
    const { instances } = await expectStatus(200, 'GET', `${here}/instances`);
    await expectStatus(200, 'GET', `${here}/logs`, { query: '?services=web,api&tail=5' });
    await expectStatus(400, 'GET', `${here}/logs`, { query: '?services=constructor' });
    await expectStatus(200, 'POST', `${here}/logs`, { body: { services: ['web'], tail: 3, after: {} } });
    for (const part of ['hosts', 'engines', 'load-balancer', 'later-failure', 'queue'])
      await expectStatus(200, 'GET', `${here}/${part}`);
    await expectStatus(200, 'GET', `${here}/audit`, { query: '?last=5' });
    await expectStatus(200, 'GET', `${here}/releases`);
    await expectStatus(200, 'GET', `${here}/releases/:release`, { params: { release: '1' } });
    await expectStatus(404, 'GET', `${here}/releases/:release`, { params: { release: '99' } });
    const exec = `${here}/instances/:instance/exec`;
    const [{ name }] = instances as [{ name: string }];
    const body = { command: ['true'] };
    await expectStatus(200, 'POST', exec, { params: { instance: name }, body });
    for (const instance of ['another-production-web-1', '..%2f..', '%20'])
      await expectStatus(422, 'POST', exec, { params: { instance }, body });
    const sessions = `${here}/instances/:instance/sessions`;
    const key = new ChannelKey();
    const { id: session } = await expectStatus(201, 'POST', sessions, {
      params: { instance: name },
      body: { ...body, key: key.publicKey, input: true },
    });
    const inSession = { params: { instance: name, session: session as string } };
    const { messages } = await expectStatus(200, 'GET', `${sessions}/:session/messages`, inSession);
    const end = key.channel('client', (messages as string[])[0]!).seal(Buffer.from([kinds.endOfInput]));
    await expectStatus(204, 'POST', `${sessions}/:session/messages`, { ...inSession, body: { sealed: end } });
    expect(await expectStatus(200, 'GET', `${sessions}/:session/result`, inSession)).toEqual({ exitCode: 0 });
    const opening = { params: { instance: name }, body: { ...body, key: '', input: true } };
    await expectStatus(400, 'POST', sessions, opening);
    // A key that nobody can talk to in secret: all of its bits are zero.
    const key0 = `MCowBQYDK2VuAyEA${'A'.repeat(43)}=`;
    const { id: other } = await expectStatus(201, 'POST', sessions, {
      ...opening,
      body: { ...opening.body, key: key0 },
    });
    const inOther = { params: { instance: name, session: other as string } };
    await expectStatus(422, 'GET', `${sessions}/:session/result`, inOther);
    expect(await expectStatus(200, 'GET', `${sessions}/:session/messages`, inOther)).toEqual({ messages: [] });
    const unknown = { params: { instance: name, session: '6f1c1a52-7d0e-4c1c-9a3e-0b8f2f6f5d11' } };
    await expectStatus(404, 'POST', `${sessions}/:session/messages`, { ...unknown, body: { sealed: end } });
    const { volumes } = await expectStatus(200, 'GET', `${here}/volumes`);
    const [volume] = volumes as [{ name: string }];
    const remove = `${here}/volumes/:volume`;
    await expectStatus(422, 'DELETE', remove, { params: { volume: volume.name } });
    host.volumes.set('another_data', { owner: 'another/production', mountedAt: [] });
    await expectStatus(422, 'DELETE', remove, { params: { volume: 'another_data' } });
    expect(host.volumes.has('another_data')).toBe(true);
    const { id } = await expectStatus(202, 'POST', `${here}/deployments`, { body: { kind: 'stop' } });
    await expectStatus(200, 'GET', `${here}/deployments/:deployment/result`, { params: { deployment: id as string } });
    await expectStatus(404, 'GET', `${here}/instances`);
    await expectStatus(200, 'GET', `${here}/audit`);
    await expectStatus(200, 'GET', `${here}/volumes`);
    await expectStatus(204, 'DELETE', remove, { params: { volume: volume.name } });
    expect(host.volumes.has(volume.name)).toBe(false);
  });

  it('fit their schemas when they are about orders', async () => {
    await expectStatus(200, 'PUT', `${here}/freeze`, { body: { reason: 'holidays' } });
    await expectStatus(422, 'PUT', `${here}/freeze`, { body: { until: '2001-01-01T00:00:00Z' } });
    await expectStatus(204, 'DELETE', `${here}/freeze`);
    await expectStatus(200, 'PUT', `${here}/watch/pause`, { body: { until: '2999-01-01T00:00:00Z' } });
    await expectStatus(204, 'DELETE', `${here}/watch/pause`);
    await expectStatus(204, 'POST', `${here}/schedules`, { body: nightly });
    await expectStatus(422, 'POST', `${here}/schedules`, { body: nightly });
    await expectStatus(400, 'POST', `${here}/schedules`, { body: { ...nightly, cron: ['never'] } });
    await expectStatus(400, 'POST', `${here}/schedules`, { body: { name: 'no-time' } });
    await expectStatus(200, 'GET', `${here}/schedules`);
    const pause = `${here}/schedules/:schedule/pause`;
    const params = { schedule: 'nightly' };
    await expectStatus(204, 'PUT', pause, { params });
    await expectStatus(204, 'DELETE', pause, { params });
    const ofNightly = `${here}/schedules/:schedule`;
    const period = { from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:00:01Z' };
    await expectStatus(204, 'POST', `${ofNightly}/backfills`, { params, body: period });
    await expectStatus(400, 'POST', `${ofNightly}/backfills`, { params, body: { from: period.to, to: period.from } });
    await expectStatus(204, 'POST', `${ofNightly}/runs`, { params });
    await expectStatus(200, 'GET', ofNightly, { params });
    await expectStatus(204, 'DELETE', `${here}/schedules/:schedule`, { params });
    await expectStatus(422, 'DELETE', `${here}/schedules/:schedule`, { params });
    const key = await expectStatus(200, 'GET', `${here}/sealing-key`);
    const purpose = { stack: stack.name, environment: 'test', name: 'TOKEN' };
    const sealed = seal(Buffer.from('planted-7731'), { publicKey: key.publicKey as string }, purpose);
    const secret = { params: { secret: 'TOKEN' } };
    await expectStatus(204, 'PUT', `${here}/secrets/:secret`, { ...secret, body: { sealed } });
    await expectStatus(200, 'GET', `${here}/secrets`);
    await expectStatus(200, 'GET', `${here}/sealing-key/uses`);
    await expectStatus(200, 'POST', `${here}/secrets/resealing`);
    for (const path of [here, `${here}/deployments`, `${here}/releases`, `${here}/releases/:release`]) {
      const body = await expectStatus(200, 'GET', path, { params: { release: '1' }, token: viewer });
      expect(JSON.stringify(body)).not.toMatch(/v1\.[0-9a-f]{16}\./);
    }
    await expectStatus(204, 'DELETE', `${here}/secrets/:secret`, { ...secret, query: '?force=true' });
    await expectStatus(422, 'DELETE', `${here}/secrets/:secret`, secret);
  });

  it('fit their schemas when they are about the installation', async () => {
    await expectStatus(200, 'GET', '/whoami');
    await expectStatus(200, 'GET', '/access/roles');
    await expectStatus(204, 'PUT', '/access/roles', { body: { subject: 'user:b', role: 'viewer', scope: 'shop' } });
    await expectStatus(204, 'DELETE', '/access/roles', { query: '?subject=user:b&scope=shop' });
    const limit = { role: 'viewer', scope: 'shop/a' };
    const body = { subject: 'user:b', limit, until: '2999-01-01T00:00:00+01:00', note: 'n' };
    const { id, token } = await expectStatus(201, 'POST', '/access/tokens', { body });
    await expectStatus(200, 'GET', '/access/tokens');
    await expectStatus(200, 'GET', '/whoami', { token: token as string });
    await expectStatus(403, 'GET', '/access/tokens', { token: token as string });
    await expectStatus(204, 'DELETE', '/access/tokens/:token', { params: { token: id as string } });
    await expectStatus(401, 'GET', '/whoami', { token: token as string });
    await expectStatus(422, 'POST', '/access/tokens', { body: { subject: 'group:b' } });
    const key = await expectStatus(200, 'GET', '/sealing-key');
    const login = Buffer.from(JSON.stringify({ user: 'u', password: 'planted-9914' }));
    const sealed = seal(login, { publicKey: key.publicKey as string }, { registry: 'registry.example' });
    const registry = { params: { registry: 'registry.example' } };
    await expectStatus(204, 'PUT', '/registries/:registry', { ...registry, body: { user: 'u', sealed } });
    await expectStatus(200, 'POST', '/registries/resealing');
    await expectStatus(200, 'GET', '/audit', { query: '?last=3' });
    await expectStatus(200, 'GET', '/builds');
    await expectStatus(422, 'PUT', '/builds/current', { body: { build: 'unknown' } });
    await expectStatus(200, 'GET', '/registries');
    await expectStatus(204, 'DELETE', '/registries/:registry', { params: { registry: 'registry.example' } });
  });

  it('fit their schemas when they are about sessions', async () => {
    const open = async (subject: string) => {
      const { text: _text, ...secrets } = newSessionToken('command-line');
      const person = { subject, groups: ['ops'], method: 'oidc company' };
      await engine.client.access.sessions.open({ ...secrets, ...person, kind: 'command-line' });
      return { params: { login: secrets.id } };
    };
    const [own, other] = [await open('user:root'), await open('user:vi')];
    await expectStatus(200, 'GET', '/sessions');
    await expectStatus(200, 'GET', '/access/sessions');
    await expectStatus(204, 'DELETE', '/sessions/:login', own);
    await expectStatus(204, 'DELETE', '/access/sessions/:login', other);
    await expectStatus(422, 'DELETE', '/access/sessions/:login', other);
  });

  it('fit their schemas when they are about local users', async () => {
    const user = { params: { user: 'ana@example.com' } };
    await expectStatus(201, 'POST', '/access/users', { body: { name: 'ana@example.com' } });
    await expectStatus(422, 'POST', '/access/users', { body: { name: 'ana@example.com' } });
    await expectStatus(200, 'GET', '/access/users');
    await expectStatus(201, 'POST', '/access/users/:user/invitation', user);
    await expectStatus(201, 'POST', '/access/users/:user/reset', user);
    await expectStatus(204, 'PUT', '/access/users/:user/disabled', user);
    await expectStatus(204, 'DELETE', '/access/users/:user/disabled', user);
    await expectStatus(204, 'PUT', '/access/second-factor', { body: { required: false } });
    await expectStatus(204, 'DELETE', '/access/users/:user', user);
    await expectStatus(422, 'DELETE', '/access/users/:user', user);
  });

  it('were those of every route', () => {
    const all = [...routes.map(({ method, path }) => `${method} ${path}`), `GET ${events}`];
    // Tests of clients and of builds have these.
    const of = (part: string) => `POST ${events.replace('events', part)}`;
    const elsewhere = [of('answers'), of('amendments'), 'PUT /builds/current'];
    expect(all.filter((each) => !answered.has(each))).toEqual(elsewhere);
  });
});

const nightly = {
  name: 'nightly',
  cron: ['0 3 * * *'],
  timeZone: 'UTC',
  jitterMs: 0,
  overlap: 'skip' as const,
  catchupMs: 60_000,
  what: { kind: 'restart' as const, services: ['web'] },
};
