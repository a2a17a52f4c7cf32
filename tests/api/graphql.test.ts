import { readFileSync } from 'node:fs';
import {
  buildClientSchema,
  getIntrospectionQuery,
  type IntrospectionQuery,
  parse,
  validate,
  validateSchema,
} from 'graphql';
import { isRead } from '../../src/api/route';
import { namesOf } from '../../src/api/graphql/names';
import { readsOf, schemaOf } from '../../src/api/graphql/schema';
import { routes } from '../../src/api/routes';
import { ApiEngine } from '../support/api-engine';
import { until } from '../support/live-clients';

interface Answer {
  status: number;
  data?: Record<string, unknown> | null;
  errors?: { message: string; path?: string[]; extensions: Record<string, unknown> }[];
  text: string;
}

describe('GraphQL', () => {
  const engine = new ApiEngine();
  let server: { port: number; close(): Promise<void> };
  let viewer: string;
  let admin: string;
  let nobody: string;
  const send = async (body: unknown, token: string | undefined = viewer, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${server.port}/graphql`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token !== '' && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const parsed = text.startsWith('{') ? (JSON.parse(text) as Partial<Answer>) : {};
    return { ...parsed, status: response.status, text } as Answer;
  };
  const ask = (query: string, token?: string, variables?: object) =>
    send({ query, ...(variables && { variables }) }, token);

  beforeAll(async () => {
    viewer = engine.token([{ role: 'viewer', scope: 'shop' }]);
    admin = engine.token([{ role: 'admin', scope: '*' }]);
    nobody = engine.token([]);
    engine.deploy('shop', 'production');
    engine.deploy('blog', 'production');
    server = await engine.serve();
  });
  afterAll(async () => {
    await server.close();
    expect(engine.failures).toEqual([]);
  });

  it('answers with the parts of an environment that were asked for', async () => {
    const { data, errors } = await ask(`{
      whoami { subject roles { role scope } }
      environments { environments { stack environment } }
      environment(stack: "shop", environment: "production") {
        numbers { deployment }
        releases
        instances { instances { name health } }
        releasesList(limit: 1) { releases { release requestedBy } }
      }
    }`);
    expect(errors).toBeUndefined();
    expect(data).toEqual({
      whoami: { subject: 'user:u0', roles: [{ role: 'viewer', scope: 'shop' }] },
      environments: { environments: [{ stack: 'shop', environment: 'production' }] },
      environment: {
        numbers: { deployment: 1 },
        releases: [1],
        instances: { instances: [{ name: 'web-1', health: 'healthy' }] },
        releasesList: { releases: [{ release: 1, requestedBy: 'ana' }] },
      },
    });
  });

  it('needs a token, also for its own description, and JSON', async () => {
    expect((await ask('{ __schema { types { name } } }', '')).status).toBe(401);
    const { data } = await ask(getIntrospectionQuery());
    const schema = buildClientSchema(data as unknown as IntrospectionQuery);
    expect(Object.keys(schema.getQueryType()!.getFields())).toEqual(expect.arrayContaining(['environment', 'plan']));
    expect((await send('query={whoami{subject}}', viewer, { 'content-type': 'text/plain' })).status).toBe(400);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await send('query=%7Bwhoami%7Bsubject%7D%7D', viewer, form)).status).toBe(400);
    const byAddress = await fetch(`http://127.0.0.1:${server.port}/graphql?query={whoami{subject}}`, {
      headers: { authorization: `Bearer ${viewer}` },
    });
    expect(byAddress.status).toBe(404);
    const foreign = await send({ query: '{ whoami { subject } }' }, viewer, { origin: 'https://evil.example' });
    expect(foreign.status).toBe(403);
  });

  it('refuses each field by itself, with the codes of REST', async () => {
    const { data, errors } = await ask(`{
      environment(stack: "shop", environment: "production") { secrets { secrets { name } } releases }
      accessRoles { roles { subject } }
      other: environment(stack: "blog", environment: "production") { releases }
    }`);
    expect(data).toMatchObject({ environment: { secrets: null, releases: [1] }, accessRoles: null, other: null });
    const refusals = errors!.map(({ path, extensions }) => `${path!.join('.')} ${extensions.code as string}`);
    expect(new Set(refusals)).toEqual(
      new Set(['accessRoles forbidden', 'environment.secrets forbidden', 'other forbidden']),
    );
    const missing = await ask('{ environment(stack: "none", environment: "test") { releases } }', admin);
    expect(missing.errors).toMatchObject([{ extensions: { code: 'not_found', title: expect.any(String) as string } }]);
    const wrong = await ask('{ environment(stack: "../x", environment: "production") { releases } }', admin);
    expect(wrong.errors).toMatchObject([{ extensions: { code: 'forbidden' } }]);
    const badInput = await ask('{ environments(limit: 5000) { next } }');
    expect(badInput.errors).toMatchObject([{ extensions: { code: 'bad_input', problems: [{ path: 'limit' }] } }]);
  });

  it('does what mutations say, for those who may, by their names', async () => {
    const grant = 'mutation { grantRole(input: {subject: "user:bo", role: "viewer", scope: "shop"}) }';
    expect((await ask(grant)).errors).toMatchObject([{ extensions: { code: 'forbidden' } }]);
    expect(engine.granted).toEqual([]);
    expect(await ask(grant, admin)).toMatchObject({ data: { grantRole: true } });
    expect(engine.granted).toEqual([{ subject: 'user:bo', role: 'viewer', scope: 'shop' }]);
    const request =
      'mutation($key: String) { requestDeployment(stack: "shop", environment: "production", ' +
      'input: {kind: "redeploy"}, idempotencyKey: $key) { id } }';
    const wrongKey = await ask(request, admin, { key: 'two words' });
    expect(wrongKey.errors).toMatchObject([{ extensions: { code: 'bad_input' } }]);
    const ids = [];
    for (const key of ['a', 'a', 'b']) ids.push((await ask(request, admin, { key })).data!.requestDeployment);
    expect(ids[0]).toEqual(ids[1]);
    expect(ids[0]).not.toEqual(ids[2]);
  });

  it('tells nobody what failed inside', async () => {
    const { data, errors, text } = await ask('{ registries { registries { registry } } }', admin);
    expect(data).toEqual({ registries: null });
    expect(errors).toMatchObject([{ extensions: { code: 'failed', status: 500 } }]);
    expect(text).not.toMatch(/planted|stack/);
    expect(engine.failures.splice(0).map(({ message }) => message)).toEqual(['planted']);
  });

  const doubling = (n: number) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`;
  const nested = (depth: number) => `{ ${'a { '.repeat(depth)} b ${'}'.repeat(depth)} }`;
  it.each([
    ['large', `{ whoami { ${'subject '.repeat(3000)} } }`, 'tokens'],
    [
      'with a thousand aliases',
      `{ ${Array.from({ length: 1000 }, (_, n) => `a${n}: whoami { subject }`).join(' ')} }`,
      'tokens',
    ],
    ['with many aliases', `{ ${Array.from({ length: 31 }, (_, n) => `a${n}: __typename`).join(' ')} }`, 'aliases'],
    [
      'with many reads',
      `{ ${Array.from({ length: 21 }, (_, n) => `a${n}: whoami { subject }`).join(' ')} }`,
      'ask the engine',
    ],
    ['deep', nested(30), 'levels'],
    ['very deep', nested(900), 'tokens|levels'],
    ['in circles', '{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }', 'levels'],
    [
      'doubled by fragments',
      `{ ...F0 } ${Array.from({ length: 30 }, (_, n) => doubling(n)).join(' ')}
       fragment F30 on Query { __typename }`,
      'fields',
    ],
    [
      'about types of types',
      `{ __schema { types { ${'fields { type { '.repeat(20)} name ${'} }'.repeat(20)} } } }`,
      'levels',
    ],
    ['of two operations', 'query A { whoami { subject } } query B { whoami { subject } }', 'operation'],
    ['that is none', '{', 'Syntax'],
    ['for a field that is not there', '{ password }', 'password'],
    ['nested as a value', `{ environments(limit: ${'['.repeat(1900)}) { next } }`, 'Syntax|tokens'],
  ])('refuses at once a request %s', async (_, query, message) => {
    const before = { ...engine.reads };
    const began = Date.now();
    const { errors, data } = await ask(query, admin);
    expect(Date.now() - began).toBeLessThan(2000);
    expect(data ?? null).toBeNull();
    expect(errors!.map((each) => each.message).join(' ')).toMatch(new RegExp(message));
    expect(new Set(errors!.map(({ extensions }) => extensions.code))).toEqual(new Set(['bad_input']));
    expect(engine.reads).toEqual(before);
  });

  it.each([
    ['a list of requests', [{ query: '{ __typename }' }, { query: '{ __typename }' }]],
    ['more than a request has', { query: '{ __typename }', id: 'x' }],
    ['no query', {}],
    ['a longer text than there may be', { query: ' '.repeat(100_001) }],
  ])('takes no body of %s', async (_, body) => {
    expect((await send(body)).status).toBe(400);
  });

  describe('subscriptions', () => {
    const subscribe = async (topic: string, token = viewer) => {
      const stop = new AbortController();
      const response = await fetch(`http://127.0.0.1:${server.port}/graphql`, {
        method: 'POST',
        signal: stop.signal,
        headers: {
          'content-type': 'application/json',
          accept: 'text/event-stream',
          authorization: `Bearer ${token}`,
        },
        body: JSON.stringify({
          query: 'subscription($topic: String!) { live(topic: $topic) { name id data } }',
          variables: { topic },
        }),
      });
      const seen = { text: '', isOver: false, stop: () => stop.abort() };
      void (async () => {
        try {
          for await (const chunk of response.body!) seen.text += Buffer.from(chunk).toString();
        } catch {
          // The reader has gone.
        }
        seen.isOver = true;
      })();
      return seen;
    };

    it('tell what happens, and end when the role is withdrawn', async () => {
      const seen = await subscribe('environment:shop/production');
      await until(() => seen.text.includes('"name":"state"'), 'the state');
      engine.deploy('shop', 'production', { running: { workflowId: 'x', deployment: 7 } });
      await until(() => seen.text.includes('"deployment":7'), 'the change');
      const bindings = engine.state.bindings;
      engine.state.bindings = bindings.filter(({ scope }) => scope !== 'shop');
      await until(() => seen.isOver, 'the end', 5000);
      expect(seen.text).toContain('"code":"forbidden"');
      engine.state.bindings = bindings;
    });

    it.each(['environment:blog/production', 'logs:blog/production', 'deployment:blog/production/1', 'x'])(
      'of %s are refused',
      async (topic) => {
        const seen = await subscribe(topic, nobody);
        await until(() => seen.isOver, 'the end');
        expect(seen.text).toMatch(/"code":"(forbidden|bad_input)"/);
        expect(seen.text).not.toContain('"state"');
      },
    );

    it('are counted as streams until their reader goes', async () => {
      await server.close();
      server = await engine.serve({ streamsPerCaller: 1 });
      const first = await subscribe('environment:shop/production');
      await until(() => first.text.includes('"state"'), 'the state');
      const second = await subscribe('environment:shop/production');
      await until(() => second.isOver, 'a refusal');
      expect(second.text).toContain('"code":"too_many"');
      first.stop();
      for (let text = ''; !text.includes('"state"');) {
        const next = await subscribe('environment:shop/production');
        await until(() => next.isOver || next.text.includes('"state"'), 'an answer');
        text = next.text;
        next.stop();
      }
    });
  });

  it('has a field for each route', () => {
    const schema = schemaOf(routes);
    const reads = readsOf(routes);
    expect(validateSchema(schema)).toEqual([]);
    for (const [route, name] of namesOf(routes)) {
      const root = isRead(route) ? schema.getQueryType()! : schema.getMutationType()!;
      expect(Object.keys(root.getFields())).toContain(name);
      expect(reads.has(name)).toBe(true);
    }
    const mutations = [...namesOf(routes)].filter(([route]) => !isRead(route)).map(([, name]) => name);
    expect(mutations.filter((name) => /Access|Login$/.test(name))).toEqual([]);
    const environment = schema.getType('Environment') as ReturnType<typeof schema.getQueryType>;
    const parts = Object.values(environment!.getFields()).filter(({ resolve, name }) => resolve && name !== 'json');
    for (const { name } of parts) expect(reads.has(name)).toBe(true);
    expect(parts.length).toBeGreaterThan(8);
  });

  it('takes the example of docs/api.md', () => {
    const bodies = [...readFileSync('docs/api.md', 'utf8').matchAll(/-d '(\{"query".*\})'/g)].map(([, body]) => body!);
    expect(bodies).toHaveLength(1);
    const { query } = JSON.parse(bodies[0]!) as { query: string };
    expect(validate(schemaOf(routes), parse(query))).toEqual([]);
  });
});
