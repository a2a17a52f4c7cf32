import fastify, { type FastifyRequest } from 'fastify';
import { getNamedType, isCompositeType } from 'graphql';
import { createApiServer } from '../../src/api';
import { requireRules } from '../../src/api/access/admission';
import { AccessDirectory } from '../../src/api/access/directory';
import { namesOf } from '../../src/api/graphql/names';
import { schemaOf } from '../../src/api/graphql/schema';
import { hookRoute } from '../../src/api/hooks';
import { Live } from '../../src/api/live';
import { Audience } from '../../src/api/live/audience';
import { topicOf, topicRules } from '../../src/api/live/topics';
import { ApiProblem } from '../../src/api/problems';
import { isRead, type Route } from '../../src/api/route';
import { allRoutes, routes } from '../../src/api/routes';
import { emptyAccess } from '../../src/config/access';
import type { DirectClient } from '../../src/client';
import { newApiToken } from '../../src/guard/access/api-token';
import { actions, roles, type Action, type Limit } from '../../src/model/access';
import type { AccessState } from '../../src/workflows/messages';

/** The client is out of reach: a request that is let in ends there, with another status than one that is not. */
const reached = new Error('the client was reached');

function clientWith(state: AccessState): DirectClient {
  const users = { logIns: { report: async () => undefined } };
  const access = { state: async () => state, recordUses: async () => undefined, block: async () => undefined, users };
  return new Proxy({} as DirectClient, {
    get: (_, key) => {
      if (key === 'access') return new Proxy(access, { get: (known, name) => known[name as 'state'] ?? refuse });
      return key === 'then' ? undefined : refuse;
    },
  });
}
const refuse = () => {
  throw reached;
};

const state: AccessState = { bindings: [], tokens: {} };
const tokenWith = (subject: string, grants: Limit[], limit?: Limit): string => {
  const { id, digest, text } = newApiToken();
  state.tokens[id] = { subject, digest, by: 'ana', at: 0, ...(limit && { limit }) };
  for (const { role, scope } of grants) state.bindings.push({ subject, role, scope, by: 'ana', at: 0 });
  return text;
};

/** An address and a body that fit the schemas of a route, so that only the permission decides. */
const samples: Record<string, string> = {
  stack: 'shop',
  environment: 'production',
  instance: 'shop-production-web-1-d1',
  release: '1',
  volume: 'shop-production_data',
  deployment: '1',
  schedule: 'nightly',
  secret: 'PASSWORD',
  token: '0123456789abcdef',
  login: '0123456789abcdef',
  registry: 'ghcr.io',
  session: '6f1c1a52-7d0e-4c1c-9a3e-0b8f2f6f5d11',
  user: 'alice@example.com',
};
const sealed = `v1.0123456789abcdef.${'A'.repeat(43)}.${'A'.repeat(16)}.${'A'.repeat(22)}`;
const bodies: Record<string, object> = {
  'POST /environments/:stack/:environment/instances/:instance/exec': { command: ['true'] },
  'POST /environments/:stack/:environment/instances/:instance/sessions': {
    command: ['sh'],
    key: `MCowBQYDK2VuAyEA${'A'.repeat(43)}=`,
    input: true,
  },
  'POST /environments/:stack/:environment/instances/:instance/sessions/:session/messages': { sealed: 'x' },
  'POST /environments/:stack/:environment/logs': {},
  'POST /environments/:stack/:environment/schedules': { name: 'nightly', cron: ['0 3 * * *'] },
  'POST /environments/:stack/:environment/schedules/:schedule/backfills': {
    from: '2026-01-01T00:00:00Z',
    to: '2026-01-02T00:00:00Z',
  },
  'POST /environments/:stack/:environment/deployments/:deployment/amendments': { services: [{ name: 'web' }] },
  'PUT /builds/current': { build: 'one' },
  'PUT /registries/:registry': { user: 'ana', sealed },
  'POST /environments/:stack/:environment/plans': {},
  'POST /environments/:stack/:environment/deployments': {},
  'POST /environments/:stack/:environment/deployments/:deployment/steering': { action: 'approve' },
  'POST /environments/:stack/:environment/deployments/:deployment/answers': { question: '1', answer: 'yes' },
  'POST /environments/:stack/:environment/deployments/:deployment/cancellation': {},
  'PUT /environments/:stack/:environment/freeze': {},
  'PUT /environments/:stack/:environment/watch/pause': {},
  'PUT /environments/:stack/:environment/secrets/:secret': { sealed },
  'PUT /access/roles': { subject: 'user:bob', role: 'viewer', scope: 'shop' },
  'POST /access/tokens': { subject: 'user:bob' },
  'POST /access/users': { name: 'bob' },
  'PUT /access/second-factor': { required: true },
};
const queries: Record<string, string> = { 'DELETE /access/roles': '?subject=user:bob&scope=shop' };

const all = allRoutes;
/** Served besides: what is open, and what has tests of its own below and beside this file. */
const others = ['/openapi.json', '/live', '/graphql', '/docs', '/docs/:file', hookRoute.path];
const guarded = all.filter((each): each is typeof each & { action: Action } => Object.hasOwn(actions, each.action));

describe('every route', () => {
  let app: Awaited<ReturnType<typeof createApiServer>>;
  beforeAll(async () => {
    app = await createApiServer({
      client: clientWith(state),
      host: { bound: '127.0.0.1', allowed: [] },
      perMinute: 100_000,
      version: '0',
      onFailure: () => undefined,
    });
  });
  const directory = new AccessDirectory(
    { state: async () => state, recordUses: async () => undefined, sessions: { find: async () => undefined } },
    () => undefined,
  );
  afterAll(() => Promise.all([app.close(), directory.close()]));

  const call = async ({ method, path }: (typeof all)[number], token?: string) => {
    const key = `${method} ${path}`;
    const url = `/api/v1${path.replace(/:(\w+)/g, (_, name: string) => samples[name]!)}${queries[key] ?? ''}`;
    return app.inject({
      method,
      url,
      headers: { host: '127.0.0.1', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      ...(bodies[key] && { payload: bodies[key] }),
    });
  };

  it('is a route of the table, and the table has no other', () => {
    const listed = new Set(all.map(({ method, path }) => `${method} /api/v1${path}`));
    const served = app
      .printRoutes({ commonPrefix: false })
      .split('\n')
      .filter((line) => line.includes('(')).length;
    expect(served).toBe(new Set(all.map(({ path }) => path)).size + others.length);
    expect(listed.size).toBe(all.length);
  });

  it.each(all)('$method $path refuses a request without a valid token', async (each) => {
    expect((await call(each)).statusCode).toBe(401);
    expect((await call(each, newApiToken().text)).statusCode).toBe(401);
    expect((await call(each, 'x')).statusCode).toBe(401);
  });

  it.each(guarded)('$method $path lets in the roles of $action, and nobody else', async (each) => {
    const { role: needed, on } = actions[each.action];
    const scopes = ['*', 'shop', 'shop/production', 'shop/staging', 'blog', 'production'];
    for (const role of roles)
      for (const scope of scopes) {
        const isIncluded = on === 'installation' ? scope === '*' : ['*', 'shop', 'shop/production'].includes(scope);
        const isAllowed = isIncluded && roles.indexOf(role) >= roles.indexOf(needed);
        const { statusCode } = await call(each, tokenOf(role, scope));
        expect([each.path, role, scope, statusCode === 403]).toEqual([each.path, role, scope, !isAllowed]);
        expect(statusCode).not.toBe(401);
        expect(statusCode).not.toBe(400);
      }
  });

  const known = new Map<string, string>();
  const tokenOf = (role: (typeof roles)[number], scope: string): string => {
    const key = `${role}@${scope}`;
    const token = known.get(key) ?? tokenWith(`user:${role}-${known.size}`, [{ role, scope }]);
    known.set(key, token);
    return token;
  };
  for (const role of roles)
    for (const scope of ['*', 'shop', 'shop/production', 'shop/staging', 'blog', 'production']) tokenOf(role, scope);

  const limited = tokenWith('user:limited', [{ role: 'admin', scope: '*' }], { role: 'viewer', scope: 'shop/staging' });
  it.each(guarded)('$method $path refuses an admin whose token is limited to another environment', async (each) => {
    expect((await call(each, limited)).statusCode).toBe(403);
  });

  const schema = schemaOf(routes);
  const names = namesOf(routes);
  /** A request of GraphQL for the field of a route, with the arguments of the samples. */
  const fieldRequest = (each: Route) => {
    const root = isRead(each) ? schema.getQueryType()! : schema.getMutationType()!;
    const { args, type } = root.getFields()[names.get(each)!]!;
    const inQuery = Object.fromEntries(new URLSearchParams(queries[`${each.method} ${each.path}`]));
    const given = args.flatMap(({ name, type: wanted }) => {
      const value = samples[name] ?? inQuery[name];
      const isGiven = each.path.includes(`:${name}`) || name in inQuery;
      return isGiven ? [`${name}: ${String(wanted).startsWith('Int') ? value : JSON.stringify(value)}`] : [];
    });
    const input = args.find(({ name }) => name === 'input');
    const all = [...given, ...(input ? ['input: $input'] : [])].join(', ');
    const selection = isCompositeType(getNamedType(type)) ? ' { __typename }' : '';
    const field = `${names.get(each)!}${all && `(${all})`}${selection}`;
    return {
      query: `${isRead(each) ? 'query' : 'mutation'}${input ? `($input: ${String(input.type)})` : ''} { ${field} }`,
      ...(input && { variables: { input: bodies[`${each.method} ${each.path}`] ?? {} } }),
    };
  };
  const askField = async (each: Route, token?: string) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/graphql',
      headers: { host: '127.0.0.1', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      payload: fieldRequest(each),
    });
    const { errors = [] } = answer.json() as { errors?: { message: string; extensions: { code: string } }[] };
    return { status: answer.statusCode, codes: errors.map(({ extensions }) => extensions.code) };
  };
  const withFields = routes.filter((each): each is typeof each & { action: Action } => each.action !== 'own');
  it.each(withFields)('the field of $method $path lets in the roles of $action, and nobody else', async (each) => {
    const { role: needed, on } = actions[each.action];
    expect((await askField(each)).status).toBe(401);
    expect((await askField(each, limited)).codes).toEqual(['forbidden']);
    for (const role of roles)
      for (const scope of ['*', 'shop', 'shop/production', 'shop/staging', 'blog', 'production']) {
        const isIncluded = on === 'installation' ? scope === '*' : ['*', 'shop', 'shop/production'].includes(scope);
        const isAllowed = isIncluded && roles.indexOf(role) >= roles.indexOf(needed);
        const { codes } = await askField(each, tokenOf(role, scope));
        expect([each.path, role, scope, ...codes]).toEqual([
          each.path,
          role,
          scope,
          isAllowed ? 'failed' : 'forbidden',
        ]);
      }
  });

  it.each(Object.entries(topicRules))(
    'topics of %s let in the roles of their action, and nobody else',
    async (kind, rule) => {
      const { role: needed } = actions[rule.action];
      const topic = `${kind}:shop/production${kind === 'deployment' ? '/1' : ''}`;
      const subscribed = async (token: string) => {
        const audience = new Audience(new Live(clientWith(state), () => undefined), directory);
        const request = { headers: { authorization: `Bearer ${token}` } } as never as FastifyRequest;
        const failure = await audience
          .follow(request, topicOf(topic), {}, AbortSignal.abort())
          .next()
          .then(
            () => undefined,
            (error: unknown) => error,
          );
        return failure instanceof ApiProblem ? failure.code : undefined;
      };
      const streamed = async (token?: string) =>
        app.inject({
          url: `/api/v1/live?topics=${topic},environment:blog/production`,
          headers: { host: '127.0.0.1', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
        });
      expect((await streamed()).statusCode).toBe(401);
      for (const token of [limited, newApiToken().text])
        expect(await subscribed(token)).toBe(token === limited ? 'forbidden' : 'unauthenticated');
      for (const role of roles)
        for (const scope of ['*', 'shop', 'shop/production', 'shop/staging', 'blog', 'production']) {
          const isIncluded = ['*', 'shop', 'shop/production'].includes(scope);
          const isAllowed = isIncluded && roles.indexOf(role) >= roles.indexOf(needed);
          const refusal = await subscribed(tokenOf(role, scope));
          expect([kind, role, scope, refusal]).toEqual([kind, role, scope, isAllowed ? undefined : 'forbidden']);
          // One topic of several that is not allowed refuses them all.
          if (scope !== '*') expect((await streamed(tokenOf(role, scope))).statusCode).toBe(403);
        }
    },
  );

  const nobody = tokenWith('user:nobody', []);
  it('tells the same about an environment that exists and one that does not', async () => {
    const answers = await Promise.all(
      ['shop', 'nowhere'].map((stack) =>
        app.inject({
          url: `/api/v1/environments/${stack}/production`,
          headers: { host: '127.0.0.1', authorization: `Bearer ${nobody}` },
        }),
      ),
    );
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([403, 403]);
    expect(answers[0]!.body.replaceAll('shop', 'nowhere')).toBe(answers[1]!.body);
  });

  it('refuses before it reads a body, whatever the body is', async () => {
    const { statusCode } = await app.inject({
      method: 'POST',
      url: '/api/v1/environments/shop/production/deployments',
      headers: { host: '127.0.0.1', authorization: `Bearer ${nobody}`, 'content-type': 'application/json' },
      payload: '{broken',
    });
    expect(statusCode).toBe(403);
  });

  it.each(['evil.example', '127.0.0.1.evil.example', 'localhost:x'])('refuses the host %j', async (host) => {
    const { statusCode, json } = await app.inject({ url: '/api/v1/whoami', headers: { host } });
    expect([statusCode, (json() as { code: string }).code]).toEqual([400, 'bad_input']);
  });

  it.each(['/api/v1/../v1/access/tokens', '/api/v1/access//tokens', '/api/v1/access/tokens/', '/API/v1/whoami', '/'])(
    'does not serve %s to somebody without roles',
    async (url) => {
      const { statusCode } = await app.inject({
        url,
        headers: { host: '127.0.0.1', authorization: `Bearer ${nobody}` },
      });
      expect([403, 404]).toContain(statusCode);
    },
  );

  it('tells nobody what failed inside', async () => {
    const { statusCode, body, headers } = await call(guarded[0]!, tokenOf('admin', '*'));
    expect(statusCode).toBe(500);
    expect(body).not.toContain(reached.message);
    expect(headers).toMatchObject({
      'content-type': 'application/problem+json',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none';frame-ancestors 'none'",
    });
  });

  it.each([
    ['POST', '/access/users', { name: 'bob', first: true }],
    ['PUT', '/access/second-factor', { required: true, at: 1 }],
  ] as const)('%s %s takes no field besides its own', async (method, path, payload) => {
    const { statusCode } = await app.inject({
      method,
      url: `/api/v1${path}`,
      headers: { host: '127.0.0.1', authorization: `Bearer ${tokenOf('admin', '*')}` },
      payload,
    });
    expect(statusCode).toBe(400);
  });

  it('blocks a token that asks again and again for what it may not do, and nobody else', async () => {
    const strict = await createApiServer({
      client: clientWith(state),
      host: { bound: '127.0.0.1', allowed: [] },
      perMinute: 200,
      version: '0',
      onFailure: () => undefined,
    });
    const ask = async (token: string, url = '/api/v1/access/roles') =>
      (await strict.inject({ url, headers: { host: '127.0.0.1', authorization: `Bearer ${token}` } })).statusCode;
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 101; attempt += 1) statuses.push(await ask(nobody));
    expect(statuses).toEqual([...Array<number>(100).fill(403), 429]);
    expect(await ask(nobody, '/api/v1/whoami')).toBe(429);
    expect(await ask(tokenOf('viewer', '*'), '/api/v1/whoami')).toBe(200);
    await strict.close();
  });

  it('makes an address wait that tries many tokens, and nobody else', async () => {
    const strict = await createApiServer({
      client: clientWith(state),
      host: { bound: '127.0.0.1', allowed: [] },
      perMinute: 5,
      version: '0',
      onFailure: () => undefined,
    });
    const ask = (token: string, remoteAddress: string) =>
      strict.inject({
        url: '/api/v1/whoami',
        remoteAddress,
        headers: { host: '127.0.0.1', authorization: `Bearer ${token}` },
      });
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1)
      statuses.push((await ask(newApiToken().text, '192.0.2.1')).statusCode);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    expect((await ask(nobody, '192.0.2.1')).statusCode).toBe(200);
    expect((await ask(newApiToken().text, '192.0.2.2')).statusCode).toBe(401);
    await strict.close();
  });
});

describe('an address that is no route of the API', () => {
  it('is open because people log in there, or it describes the API or is the dashboard; no other one is', async () => {
    const people = { externalUrl: 'https://deploy.example.com', declared: () => emptyAccess };
    const app = await createApiServer({
      client: clientWith(state),
      host: { bound: '127.0.0.1', allowed: [] },
      people,
      version: '0',
      onFailure: () => undefined,
    });
    const open = [...app.openAddresses];
    expect(open.length).toBeGreaterThan(10);
    for (const address of open)
      expect(address).toMatch(
        new RegExp(
          '^(GET|HEAD|POST) /((login|device|docs)$|docs/|auth/|\\.well-known/oauth|api/v1/openapi\\.json$)' +
            '|^GET /($|environments/\\*$|assets/)',
        ),
      );
    const isUnguarded = ({ method, path }: (typeof all)[number]) => open.includes(`${method} /api/v1${path}`);
    expect(all.filter(isUnguarded)).toEqual([]);
    await app.close();
  });

  it('cannot be added without a rule', () => {
    const app = fastify();
    requireRules(app);
    expect(() => app.get('/new', async () => '')).toThrow('GET /new has no action');
  });
});

describe('the description of the API', () => {
  it('has every route with its answers, and is public', async () => {
    const app = await createApiServer({
      client: clientWith(state),
      host: { bound: '127.0.0.1', allowed: [] },
      version: '0',
      onFailure: () => undefined,
    });
    const { statusCode, json } = await app.inject({ url: '/api/v1/openapi.json', headers: { host: '127.0.0.1' } });
    expect(statusCode).toBe(200);
    const { openapi, paths } = json() as {
      openapi: string;
      paths: Record<string, Record<string, { responses: Record<string, unknown> }>>;
    };
    expect(openapi).toBe('3.1.0');
    for (const { method, path } of all) {
      const described = paths[`/api/v1${path.replace(/:(\w+)/g, '{$1}')}`]?.[method.toLowerCase()];
      expect(Object.keys(described?.responses ?? {}).length).toBeGreaterThanOrEqual(3);
    }
    const { post } = paths['/hooks/{stack}/{environment}/{trigger}'] as unknown as {
      post: { security: unknown[]; responses: Record<string, unknown> };
    };
    expect(post).toMatchObject({ security: [], responses: { 202: expect.anything() as object } });
    await app.close();
  });
});
