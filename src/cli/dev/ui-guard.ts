import { randomInt } from 'node:crypto';
import {
  createServer,
  request as requestHttp,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { once } from 'node:events';
import { pipeline } from 'node:stream';
import { freePort } from '../../guard/free-port';
import { hostPort } from '../../model/names/host-port';
import { isExpectedHost } from '../../guard/expected-host';

/** Address at which Temporal's UI listens, behind the guard. */
export interface UiAddress {
  host: string;
  port: number;
}

/** A loopback address that no web page can guess: on Linux, all of 127.0.0.0/8 is this machine. */
export async function hiddenAddress(): Promise<UiAddress> {
  const part = () => randomInt(1, 255);
  const hasManyAddresses = process.platform === 'linux';
  return { host: hasManyAddresses ? `127.${part()}.${part()}.${part()}` : bound, port: await freePort() };
}

const bound = '127.0.0.1';
const silentMs = 60_000;
const largestHeaders = 64 * 1024;
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * A proxy for Temporal's UI, which accepts any host name and origin: a foreign page could use DNS rebinding to read and
 * start deployments. Only requests to `localhost` from the UI's own pages pass.
 */
export async function guardUi(port: number, ui: UiAddress): Promise<Server> {
  const server = createServer({ maxHeaderSize: largestHeaders }, (request, response) => {
    const refusal = refusalOf(request, port);
    if (refusal === undefined) return pass(request, response, ui);
    response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(`${refusal}\n`);
  });
  server.setTimeout(silentMs);
  server.listen(port, bound);
  await once(server, 'listening');
  return server;
}

function refusalOf({ headers }: IncomingMessage, port: number): string | undefined {
  if (!isExpectedHost(headers.host, { bound })) return 'the UI is only available as localhost';
  const own = [`http://localhost:${port}`, `http://${hostPort(bound, port)}`];
  if (headers.origin !== undefined && !own.includes(headers.origin)) return `only pages of ${own[0]} may send requests`;
  return undefined;
}

function pass(request: IncomingMessage, response: ServerResponse, { host, port }: UiAddress): void {
  const headers = passedOn(request.headers);
  const onward = requestHttp(
    { host, port, method: request.method, path: request.url, headers, agent: false },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, passedOn(answer.headers));
      pipeline(answer, response, () => undefined);
    },
  );
  onward.on('error', () => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end('the Temporal UI does not answer\n');
  });
  response.on('close', () => onward.destroy());
  pipeline(request, onward, () => undefined);
}

/** The headers without hop-by-hop ones. */
function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}
