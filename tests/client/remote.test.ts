import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DeployCodeClient, EngineUnreachable } from '../../src/client';
import { messagesOf } from '../../src/client/remote/event-stream';
import { trailOf } from '../../src/client/remote/pages';
import { originOf, Transport } from '../../src/client/remote/transport';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const problem =
  (status: number, code: string, more: object = {}) =>
  (_: IncomingMessage, response: ServerResponse) =>
    void response
      .writeHead(status, { 'content-type': 'application/problem+json', 'retry-after': '0' })
      .end(JSON.stringify({ code, detail: `it is ${code}`, ...more }));
const json = (body: object) => (_: IncomingMessage, response: ServerResponse) =>
  void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

describe('a client of a server', () => {
  let server: Server;
  let url: string;
  let answers: Answer[];
  let tokens: (string | undefined)[];
  beforeAll(async () => {
    server = createServer((request, response) => {
      tokens.push(request.headers.authorization);
      (answers.length > 1 ? answers.shift()! : answers[0]!)(request, response);
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  beforeEach(() => void (tokens = []));
  const ask = (token: ConstructorParameters<typeof Transport>[0]['token'] = 'dct_1') =>
    new Transport({ server: url, token }).ask('GET', '/whoami');

  it.each([
    ['deploy.example.com', 'is not the address of a server'],
    ['ftp://deploy.example.com', 'is not the address of a server'],
    ['https://ana:secret@deploy.example.com', 'is not the address of a server'],
    ['https://deploy.example.com/api', 'write https://deploy.example.com'],
    ['http://deploy.example.com', 'would travel unencrypted'],
    ['http://127.0.0.1.evil.example', 'would travel unencrypted'],
  ])('refuses the address %s', (text, message) => {
    expect(() => originOf(text)).toThrow(message);
  });

  it('takes an address with TLS, or of this machine', () => {
    expect(['https://Deploy.example.com/', 'http://localhost:8080', 'http://[::1]:1'].map(originOf)).toEqual([
      'https://deploy.example.com',
      'http://localhost:8080',
      'http://[::1]:1',
    ]);
  });

  it.each([
    ['refused', 422, 'BadRequest', /^it is refused; do this$/],
    ['bad_input', 400, 'BadRequest', /^it is bad_input; name: is missing; do this$/],
    ['unauthenticated', 401, 'AccessDenied', /does not know you.*deploy-code login http/],
    ['forbidden', 403, 'AccessDenied', /does not allow this: it is forbidden/],
    ['not_found', 404, 'NotFound', /^it is not_found/],
    ['unreachable', 503, 'EngineUnreachable', /^it is unreachable$/],
    ['failed', 500, 'Error', /^it is failed/],
  ])('throws what the problem %s stands for', async (code, status, name, message) => {
    const problems = code === 'bad_input' ? [{ path: 'name', message: 'is missing' }] : undefined;
    answers = [problem(status, code, { advice: 'do this', problems })];
    await expect(ask()).rejects.toMatchObject({ name, message: expect.stringMatching(message) as string });
  });

  it('asks for the next token once if the last one has ended', async () => {
    answers = [problem(401, 'unauthenticated'), json({ subject: 'user:ana' })];
    const token = async (renew: boolean) => (renew ? 'new' : 'old');
    expect(await ask(token)).toEqual({ subject: 'user:ana' });
    expect(tokens).toEqual(['Bearer old', 'Bearer new']);
    answers = [problem(401, 'unauthenticated')];
    tokens = [];
    await expect(ask(token)).rejects.toThrow('does not know you');
    expect(tokens).toHaveLength(2);
  });

  it('waits when there were too many requests', async () => {
    answers = [problem(429, 'too_many'), problem(429, 'too_many'), json({})];
    expect(await ask()).toEqual({});
    expect(tokens).toHaveLength(3);
  });

  it('repeats what lost its connection, as the same request; a deletion would be another one', async () => {
    const keys: (string | string[] | undefined)[] = [];
    const lost: Answer = ({ headers }, response) => {
      keys.push(headers['idempotency-key']);
      response.destroy();
    };
    const cut: Answer = (_, response) => {
      response.writeHead(200, { 'content-length': '9' }).write('{"id"');
      setImmediate(() => response.destroy());
    };
    const kept: Answer = (request, response) => {
      keys.push(request.headers['idempotency-key']);
      json({ id: 'one' })(request, response);
    };
    const send = (method: 'GET' | 'POST' | 'DELETE') => new Transport({ server: url, token: 'dct_1' }).ask(method, '/');
    answers = [lost, cut, kept];
    expect(await send('POST')).toEqual({ id: 'one' });
    expect(keys).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/), keys[0]]);
    answers = [lost, kept];
    expect(await send('GET')).toEqual({ id: 'one' });
    answers = [lost, kept];
    await expect(send('DELETE')).rejects.toThrow('does not answer');
  });

  it('reads an audit trail by its pages, and no more of it than is wanted', async () => {
    const asked: string[] = [];
    const total = 2300;
    answers = [
      (request, response) => {
        asked.push(request.url!);
        const { searchParams } = new URL(request.url!, url);
        const end = Number(searchParams.get('cursor') ?? total + 1);
        const first = Math.max(1, end - Number(searchParams.get('last')));
        const records = Array.from({ length: end - first }, (_, index) => ({ sequence: first + index }));
        json({ records, total, ...(first > 1 && { next: String(first) }) })(request, response);
      },
    ];
    const read = async (last: number) => {
      const { records, ...rest } = await trailOf(new Transport({ server: url, token: 'dct_1' }), '/audit', last);
      expect(rest).toEqual({ total });
      return [records.length, records[0]?.sequence, records.at(-1)?.sequence];
    };
    expect(await read(1500)).toEqual([1500, 801, 2300]);
    expect(asked).toEqual(['/api/v1/audit?last=1000', '/api/v1/audit?last=500&cursor=1301']);
    expect(await read(5000)).toEqual([2300, 1, 2300]);
  });

  it('sends a token to no other address, and takes no page for an answer', async () => {
    answers = [(_, response) => void response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end()];
    await expect(ask()).rejects.toThrow(EngineUnreachable);
    answers = [(_, response) => void response.writeHead(200).end('<html>welcome</html>')];
    await expect(ask()).rejects.toThrow('answers as no deploy-code server does');
    answers = [(_, response) => void response.writeHead(502).end('<html>bad gateway</html>')];
    await expect(ask()).rejects.toMatchObject({ name: 'EngineUnreachable', message: `${url} answers with status 502` });
    answers = [(_, response) => void response.writeHead(404).end('{"code":5}')];
    await expect(ask()).rejects.toMatchObject({
      name: 'EngineUnreachable',
      message: expect.stringContaining('answers as no deploy-code server does (status 404)') as string,
    });
  });

  it('goes on with the events of a deployment when the connection is lost', async () => {
    const events = [1, 2, 3].map((number) => ({ code: `step.${number}`, at: number }));
    const lastIds: unknown[] = [];
    const stream =
      (from: number, ends: boolean): Answer =>
      (request, response) => {
        lastIds.push(request.headers['last-event-id']);
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        const messages = events.slice(from).map((event, index) => ['event', from + index + 1, event] as const);
        for (const [name, id, data] of ends ? messages : messages.slice(0, 1))
          response.write(`id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
        if (ends) response.end(`event: end\ndata: ${JSON.stringify({ status: 'succeeded' })}\n\n`);
        else setImmediate(() => response.destroy());
      };
    const running = { status: 'deploying', plan: { changes: true } };
    answers = [
      json({ ...running, events: [] }),
      stream(0, false),
      json({ ...running, plan: undefined, events: [] }),
      stream(1, true),
    ];
    const client = await DeployCodeClient.connect({ server: url, token: 'dct_1' });
    const pages = [];
    for await (const page of client.handle('deployment/shop/test/one').watch()) pages.push(page);
    expect(pages.flatMap((page) => page.events)).toEqual(events);
    expect(lastIds).toEqual(['0', '1']);
    expect(pages.at(-1)).toEqual({ status: 'succeeded', plan: { changes: true }, events: [] });
  });

  it('reads streams in whatever pieces they arrive', async () => {
    const text = ': a comment\r\n\r\nid: 1\r\nevent: state\ndata: {"a":\ndata: "ü"}\n\ndata\n\n';
    const bytes = Buffer.from(text);
    for (const size of [1, 3, 7, bytes.length]) {
      async function* pieces(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      }
      const found = [];
      for await (const message of messagesOf(pieces())) found.push(message);
      expect(found).toEqual([
        { name: 'state', id: '1', data: '{"a":\n"ü"}' },
        { name: 'message', data: '' },
      ]);
    }
  });
});
