import { connect } from 'node:net';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PayloadCodec } from '@temporalio/common';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { createGuardedServer, text } from '../../src/guard/server';
import { isExpectedHost } from '../../src/guard/expected-host';
import { serveCodec } from '../../src/payloads/server';
import { serveHttp } from '../../src/telemetry/http';
import { listenLocally, stopListening } from '../support/local-server';

const codec: PayloadCodec = { encode: async (payloads) => payloads, decode: async (payloads) => payloads };
const patienceMs = 5000;

/**
 * Sends bytes as they are; resolves with the answer once the server has closed the connection, or nothing came for a
 * while.
 */
function raw(server: Server, bytes: string | Buffer, waitMs = patienceMs): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => socket.write(bytes));
    let answer = '';
    const end = () => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
      if (/\r\n\r\n/.test(answer)) setImmediate(end);
    });
    socket
      .on('error', () => undefined)
      .on('close', end)
      .setTimeout(waitMs, end);
  });
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

describe.each([
  [
    'the port of the worker',
    () =>
      serveHttp({
        port: 0,
        metrics: new Registry(),
        sdkMetrics: async () => '',
        problems: () => [],
        onFailure: () => undefined,
      }),
    '/healthz',
    200,
  ],
  ['the codec server', () => serveCodec({ port: 0, host: '127.0.0.1', origin: 'http://ui', codec }), '/decode', 404],
] as const)('%s', (_, serve, path, expected) => {
  let server: Server;
  beforeAll(async () => {
    server = await serve();
  });
  afterAll(() => stopListening(server));

  const isWell = async () => statusOf(await raw(server, `GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`));

  it.each([
    ['a target of two slashes', 'GET // HTTP/1.1\r\nhost: localhost\r\n\r\n', 400],
    ['a target that is no URL', 'GET http://[ HTTP/1.1\r\nhost: localhost\r\n\r\n', 400],
    ['a target of a host with a port out of range', 'GET http://a:99999/ HTTP/1.1\r\nhost: localhost\r\n\r\n', 400],
    ['a target that is a star', 'OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n', 400],
    ['a member of every object', 'GET /__proto__ HTTP/1.1\r\nhost: localhost\r\n\r\n', [404]],
    ['no HTTP', '\x16\x03\x01\x02\x00\x01garbage\r\n\r\n', 400],
    ['headers without an end', `GET ${path} HTTP/1.1\r\n${'x'.repeat(40_000)}`, 431],
    ['two lengths', `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n`, 400],
    ['no host', `GET ${path} HTTP/1.1\r\n\r\n`, 400],
  ])('answers %s with a refusal, and lives on', async (_name, bytes, status) => {
    expect([status].flat()).toContain(statusOf(await raw(server, bytes)));
    expect(await isWell()).toBe(expected);
  });

  it('lives on whatever target, method and body come', async () => {
    const target = fc.oneof(
      fc.string(),
      fc.webUrl(),
      fc.constantFrom('/metrics', '/readyz', '/decode', '/encode', '//', '/%', '/../..'),
    );
    const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'TRACE', 'CONNECT', 'get', '');
    await fc.assert(
      fc.asyncProperty(method, target, fc.string({ unit: 'binary' }), async (verb, address, body) => {
        await raw(
          server,
          Buffer.from(
            `${verb} ${address} HTTP/1.1\r\nhost: localhost\r\nconnection: ` +
              `close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
          ),
          50,
        );
      }),
      { numRuns: 150 },
    );
    expect(await isWell()).toBe(expected);
  });
});

describe('the codec server', () => {
  it('refuses bodies that are not of its form, and those that are too large', async () => {
    const server = await serveCodec({ port: 0, host: '127.0.0.1', origin: 'http://ui', codec });
    const ask = async (body: string) =>
      (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/decode`, { method: 'POST', body }))
        .status;
    try {
      const bodies = [
        'null',
        '"text"',
        '[]x',
        '{"payloads":7}',
        '{"payloads":[null]}',
        '{"payloads":[{"metadata":{"a":1}}]}',
        '{"payloads":[{"data":{}}]}',
      ];
      for (const body of bodies) expect([body, await ask(body)]).toEqual([body, 400]);
      expect(await ask('{"payloads":[{"metadata":{"encoding":"anNvbg=="},"data":"MQ=="}]}')).toBe(200);
      const large = 17 * 1024 * 1024;
      expect(
        statusOf(
          await raw(
            server,
            `POST /decode HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${large}\r\n\r\n${'x'.repeat(large)}`,
          ),
        ),
      ).toBe(413);
    } finally {
      stopListening(server);
    }
  });
});

describe('the codec server, against pages that give their name its address', () => {
  it.each([
    ['localhost:8234', undefined, 200],
    ['127.0.0.1', 'http://ui', 200],
    ['[::1]:8234', undefined, 200],
    ['codec.example.com', 'http://ui', 200],
    ['evil.example', undefined, 403],
    ['evil.example:8234', 'http://ui', 403],
    ['10.0.0.1', undefined, 403],
    ['', undefined, 403],
    ['localhost.evil.example', undefined, 403],
    ['localhost', 'http://evil.example', 403],
    ['localhost', 'null', 403],
  ])('Host %j and Origin %j: %i', async (host, origin, status) => {
    const server = await serveCodec({
      port: 0,
      host: '127.0.0.1',
      allowedHosts: ['codec.example.com'],
      origin: 'http://ui',
      codec,
    });
    const body = '{"payloads":[]}';
    try {
      expect(
        statusOf(
          await raw(
            server,
            'POST /decode HTTP/1.1\r\nhost: ' +
              `${host}\r\n${origin === undefined ? '' : `origin: ${origin}\r\n`}content-length: ` +
              `${body.length}\r\nconnection: close\r\n\r\n${body}`,
          ),
        ),
      ).toBe(status);
    } finally {
      stopListening(server);
    }
  });

  it('takes any address where others reach it, and no name but its own', () => {
    expect(
      ['10.0.0.7:8234', '[fd00::1]', 'localhost'].every((host) => isExpectedHost(host, { bound: '0.0.0.0' })),
    ).toBe(true);
    expect(isExpectedHost('evil.example', { bound: '0.0.0.0' })).toBe(false);
  });
});

describe('a guarded server', () => {
  const serve = async (
    answer: Parameters<typeof createGuardedServer>[0]['answer'],
    onFailure: (error: Error) => void = () => undefined,
  ) => {
    const server = createGuardedServer({
      answer,
      onFailure,
      limits: { headersMs: 300, requestMs: 400, exchangeMs: 700 },
    });
    await listenLocally(server);
    return server;
  };

  it('answers 500 where an answer fails, tells why, and lives on', async () => {
    const failures: string[] = [];
    let isBroken = true;
    const server = await serve(
      async () => {
        if (isBroken) throw new Error('a defect');
        return text(200, 'ok');
      },
      (error) => failures.push(error.message),
    );
    expect(await raw(server, 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n')).toMatch(
      /^HTTP\/1\.1 500 [^]*the request failed/,
    );
    expect(failures).toEqual(['a defect']);
    isBroken = false;
    expect(statusOf(await raw(server, 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n'))).toBe(200);
    stopListening(server);
  });

  it.each([
    ['headers byte by byte', 'GET / HTTP/1.1\r\nx: ', 'y'],
    ['a body byte by byte', 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000000\r\n\r\n', 'y'],
    [
      'a body of chunks without an end',
      'POST / HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n',
      '1\r\ny\r\n',
    ],
  ])('ends a client that sends %s', async (_, begin, more) => {
    const server = await serve(async (request) => {
      for await (const chunk of request) void chunk;
      return text(200, 'ok');
    });
    const closed = new Promise<void>((resolve) => {
      const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () => socket.write(begin));
      const drip = setInterval(() => socket.write(more), 20);
      socket
        .on('error', () => undefined)
        .on('data', () => undefined)
        .once('close', () => (clearInterval(drip), resolve()));
    });
    await closed;
    stopListening(server);
  });

  it('ends an answer that does not come, and a client that does not read', async () => {
    const server = await serve((_, path) =>
      path === '/never' ? new Promise(() => undefined) : Promise.resolve({ status: 200, body: 'x'.repeat(50_000_000) }),
    );
    const closed = (path: string) =>
      new Promise<void>((resolve) => {
        const socket = connect((server.address() as AddressInfo).port, '127.0.0.1', () =>
          socket.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`),
        );
        socket.pause().on('error', () => undefined);
        const look = setInterval(
          () =>
            server.getConnections((_error, count) => {
              if (count > 0) return;
              clearInterval(look);
              socket.destroy();
              resolve();
            }),
          50,
        );
      });
    await closed('/never');
    await closed('/large');
    stopListening(server);
  });
});
