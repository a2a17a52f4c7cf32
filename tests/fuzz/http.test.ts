import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { payloadCodec } from '../../src/payloads/codec';
import { serveCodec } from '../../src/payloads/server';
import { serveHttp } from '../../src/telemetry/http';
import { stopListening } from '../support/local-server';
import { hostileText } from './hostile-text';
import { isFull } from '../support/exhaustive';

const cases = isFull ? 5000 : 150;
/** Far longer than any of these answers takes, also on a busy machine. */
const patienceMs = 30_000;

/** Sends bytes and no more; resolves with the first bytes of the answer once the server has closed, or has answered. */
async function exchange(server: Server, bytes: Buffer): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk.toString('latin1');
    socket.destroy();
  });
  socket
    .on('error', () => undefined)
    .setTimeout(patienceMs, () => {
      answer = 'the server hangs';
      socket.destroy();
    });
  socket.end(bytes);
  await once(socket, 'close');
  return answer;
}

const line = fc
  .tuple(
    fc.oneof(fc.constantFrom('GET', 'POST', 'OPTIONS', 'HEAD', 'CONNECT', 'TRACE'), hostileText),
    fc.oneof(
      fc.constantFrom(
        '/',
        '//',
        '/metrics',
        '/healthz',
        '/readyz',
        '/encode',
        '/decode',
        '*',
        'http://[',
        '/%',
        '/..',
        '/?',
        '/decode?#',
      ),
      hostileText,
    ),
    fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/9.9', ''),
  )
  .map((words) => words.join(' '));
const header = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(
        'host',
        'content-length',
        'transfer-encoding',
        'authorization',
        'origin',
        'expect',
        'upgrade',
        'connection',
      ),
      hostileText,
    ),
    fc.oneof(fc.constantFrom('x', '0', '-1', '5', 'chunked', 'Bearer x', '100-continue', 'h2c'), hostileText),
  )
  .map((parts) => parts.join(': '));
const payloads = fc.oneof(
  fc.json(),
  fc
    .record({
      payloads: fc.array(
        fc.record({
          metadata: fc.dictionary(
            fc.constantFrom('encoding', 'deploy-code-encoding', '__proto__'),
            fc.constantFrom('YmluYXJ5L2d6aXA=', 'YmluYXJ5L2VuY3J5cHRlZA==', 'anNvbi9wbGFpbg==', '!'),
          ),
          data: fc.oneof(fc.base64String(), fc.anything()),
        }),
        { maxLength: 3 },
      ),
    })
    .map((value) => JSON.stringify(value) ?? ''),
  hostileText,
);
const request = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(line, fc.array(header, { maxLength: 4 }), hostileText)
    .map(([first, headers, body]) => Buffer.from(`${[first, ...headers].join('\r\n')}\r\n\r\n${body}`)),
  fc
    .tuple(fc.constantFrom('/encode', '/decode'), payloads)
    .map(([path, body]) =>
      Buffer.from(
        `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      ),
    ),
);

describe.each([
  [
    'the port of the worker',
    (onFailure: (error: Error) => void) =>
      serveHttp({ port: 0, metrics: new Registry(), sdkMetrics: async () => '', problems: () => [], onFailure }),
    'GET /healthz',
  ],
  [
    'the codec server',
    (onFailure: (error: Error) => void) =>
      serveCodec({ port: 0, host: '127.0.0.1', origin: 'http://ui', codec: payloadCodec(undefined), onFailure }),
    'OPTIONS /decode',
  ],
] as const)(`%s (${cases} cases)`, (_, serve, healthy) => {
  it('answers whatever bytes it gets, or closes, and lives on', async () => {
    const failures: Error[] = [];
    const server = await serve((error) => void failures.push(error));
    try {
      await fc.assert(
        fc.asyncProperty(request, async (bytes) => {
          const answer = await exchange(server, bytes);
          expect(answer === '' || /^HTTP\/1\.1 (1|2|4)\d\d /.test(answer)).toBe(true);
        }),
        { numRuns: cases },
      );
      expect(await exchange(server, Buffer.from(`${healthy} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`))).toMatch(
        /^HTTP\/1\.1 20[04] /,
      );
      expect(failures).toEqual([]);
    } finally {
      stopListening(server);
    }
  }, 600_000);
});
