import { connect, type AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import { createApiServer } from '../../src/api';
import { DirectClient, type Stack } from '../../src/client';
import { createMemoryRuntime, MemoryHost } from '../../src/runtimes/memory';
import { CutPath } from '../support/cut-path';
import { address, startEngine, type TestEngine } from '../support/engine';
import { eventually } from '../support/eventually';
import { memoryStack } from '../support/memory-stack';

/** Within this time in ms a request has an answer, whatever is away. */
const answerMs = 15_000;

describe('the API in trouble', () => {
  const host = new MemoryHost();
  const unexpected: Error[] = [];
  let engine: TestEngine;
  let path: CutPath;
  let client: DirectClient;
  let server: Awaited<ReturnType<typeof createApiServer>>;
  let port: number;
  let stack: Stack;
  let token: string;

  const call = async (method: string, at: string, body?: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}/api/v1${at}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body }),
      signal: AbortSignal.timeout(answerMs),
    });
    const text = await response.text();
    return { status: response.status, text, type: response.headers.get('content-type') ?? '' };
  };
  const here = (part = '') => `/environments/${stack.name}/test${part}`;
  /** What comes back for bytes, until the server ends the connection. */
  const raw = (text: string) =>
    new Promise<string>((done) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(text));
      socket.on('data', (chunk) => (answer += chunk.toString())).on('close', () => done(answer));
      socket.on('error', () => undefined);
    });

  beforeAll(async () => {
    engine = await startEngine('api-trouble', { runtimes: { memory: createMemoryRuntime(host) } });
    stack = memoryStack({ web: { image: 'web:1' } });
    await engine.client.access.grant({ subject: 'user:root', role: 'admin', scope: '*' });
    token = (await engine.client.access.createToken('user:root')).token;
    const [name, number] = address().split(':');
    path = new CutPath({ host: name!, port: Number(number) });
    client = await DirectClient.connect({ address: await path.start(), namespace: 'api-trouble' });
    server = await createApiServer({
      client,
      host: { bound: '127.0.0.1', allowed: [] },
      version: '0',
      onFailure: (error, request) => request && unexpected.push(error),
    });
    await server.listen({ host: '127.0.0.1', port: 0 });
    port = (server.server.address() as AddressInfo).port;
    await (await engine.client.deploy(stack)).result();
  });
  afterAll(async () => {
    await server.close();
    // The client stays open: on a closed one, a call that the SDK repeats would end the process.
    path.stop();
    await engine.close();
    expect(unexpected).toEqual([]);
  });

  it.each([
    [
      'nested a million times',
      `{"stack":{"name":"NAME","environment":"test","x":${'['.repeat(1e6)}${']'.repeat(1e6)}}}`,
    ],
    ['nested, and a stack otherwise', 'DEEP'],
    ['with __proto__', '{"images":{},"__proto__":{"kind":"stop"}}'],
    ['with a constructor', '{"constructor":{"prototype":{"kind":"stop"}}}'],
    ['of another type', '"text"'],
    ['empty', ''],
    ['null', 'null'],
    ['an array', '[]'],
    ['not UTF-8', '{"reason":"\u0000"}'],
  ])('refuses a body that is %s', async (_, template) => {
    const levels = 20_000;
    const deep = `${JSON.stringify({ stack }).slice(0, -2)},"x":${'['.repeat(levels)}${']'.repeat(levels)}}}`;
    const body = template === 'DEEP' ? deep : template.replace('NAME', stack.name);
    for (const part of ['/deployments', '/plans']) {
      const { status, type } = await call('POST', here(part), body);
      expect([status, type]).toEqual([400, expect.stringContaining('application/problem+json')]);
    }
  });

  it('takes bodies of JSON only, and a POST with another method named in a header is a POST', async () => {
    for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'x'])
      expect((await call('POST', here('/deployments'), '{}', { 'content-type': type })).status).toBe(400);
    const { status } = await call('POST', here(), '{}', { 'x-http-method-override': 'GET' });
    expect(status).toBe(404);
    expect((await call('OPTIONS', here())).status).toBe(404);
    expect(await call('HEAD', here())).toMatchObject({ status: 200, text: '' });
    expect((await call('HEAD', here(), undefined, { authorization: '' })).status).toBe(401);
  });

  it.each([
    ['?limit=1&limit=2', '/deployments'],
    ['?limit=', '/deployments'],
    ['?limit=1e9', '/deployments'],
    ['?tail=-1', '/logs'],
    ['?services=a&services=b', '/logs'],
    ['?force=maybe', '/secrets/TOKEN'],
  ])('refuses the query %s', async (query, part) => {
    const { status } = await call(part.startsWith('/secrets') ? 'DELETE' : 'GET', here(part) + query);
    expect(status).toBe(400);
  });

  it.each([
    [
      'a broken escape',
      'GET /api/v1/environments/%zz/test HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n',
      400,
    ],
    [
      'a long parameter',
      `GET /api/v1/environments/${'a'.repeat(400)}/test HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`,
      4,
    ],
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['large headers', `GET /api/v1/whoami HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ${'a'.repeat(50_000)}\r\n\r\n`, 413],
    ['no host', 'GET /api/v1/whoami HTTP/1.0\r\n\r\n', 400],
    ['two hosts', 'GET /api/v1/whoami HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\nConnection: close\r\n\r\n', 40],
    [
      'a line break in a header',
      'GET /api/v1/whoami HTTP/1.1\r\nHost: 127.0.0.1\r\nIdempotency-Key: a\rb\r\n\r\n',
      400,
    ],
    [
      'two lengths',
      'POST /api/v1/whoami HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
  ])('answers %s with a problem', async (_, text, status) => {
    const answer = await raw(text);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.[01] ${status}`));
    expect(answer.toLowerCase()).toContain('content-type: application/problem+json');
  });

  it('serves requests that were sent together, in their order', async () => {
    const one = (part: string, more = '') =>
      `GET /api/v1${part} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n${more}\r\n`;
    const answer = await raw(one('/whoami') + one('/nothing') + one('/environments', 'Connection: close\r\n'));
    expect([...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '404', '200']);
  });

  it('believes no address of a client that a header names', async () => {
    await call('PUT', here('/freeze'), '{"reason":"forged"}', { 'x-forwarded-for': '203.0.113.9' });
    await call('DELETE', here('/freeze'), undefined, { 'x-forwarded-for': '203.0.113.9' });
    await eventually(async () => {
      const { text } = await call('GET', here('/audit'));
      expect(text).toContain('thaw');
      expect(text).not.toContain('203.0.113.9');
    });
  });

  it('ends the stream of a deployment that was terminated, and says that it is lost', async () => {
    const release = host.holdBack('create');
    const handle = await engine.client.deploy({
      ...stack,
      services: memoryStack({ web: { image: 'web:2' } }).services,
    });
    const id = handle.id.split('/')[3]!;
    const events = call('GET', here(`/deployments/${id}/events`));
    await eventually(async () => expect((await handle.progress()).events.length).toBeGreaterThan(0));
    const connection = await Connection.connect({ address: address() });
    await new Client({ connection, namespace: 'api-trouble' }).workflow.getHandle(handle.id).terminate();
    await connection.close();
    release();
    expect((await events).text).toMatch(/event: end\ndata: \{"status":"lost"/);
    expect(await call('GET', here(`/deployments/${id}/result`))).toMatchObject({ status: 409 });
  });

  const all: [string, string, string?][] = [
    ['GET', ''],
    ['GET', '/instances'],
    ['GET', '/deployments'],
    ['GET', '/deployments/1'],
    ['GET', '/deployments/1/result'],
    ['GET', '/deployments/1/events'],
    ['GET', '/schedules'],
    ['GET', '/secrets'],
    ['POST', '/plans', '{}'],
    ['POST', '/deployments', '{"kind":"restart","services":["web"]}'],
    ['PUT', '/freeze', '{}'],
    ['DELETE', '/schedules/x'],
  ];
  it.each(['refused', 'silent'] as const)(
    'answers 503 with advice while connections to Temporal are %s',
    async (how) => {
      expect((await call('GET', '/whoami')).status).toBe(200);
      path.become(how);
      const answers = await Promise.all(all.map(([method, part, body]) => call(method, here(part), body)));
      for (const [index, { status, text }] of answers.entries())
        expect([all[index], status, text]).toEqual([all[index], 503, expect.stringContaining('"advice"')]);
      path.become('open');
      await eventually(async () => expect((await call('GET', here())).status).toBe(200));
    },
  );
});
