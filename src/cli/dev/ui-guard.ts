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

/** Where Temporal's UI really listens. */
export interface UiAddress {
  host: string;
  port: number;
}

/** An address that no page can guess: on Linux all of 127.0.0.0/8 is this machine. */
export async function hiddenAddress(): Promise<UiAddress> {
  const part = () => randomInt(1, 255);
  const isAnyOurs = process.platform === 'linux';
  return { host: isAnyOurs ? `127.${part()}.${part()}.${part()}` : bound, port: await freePort() };
}

const bound = '127.0.0.1';
const silentMs = 60_000;
const largestHeaders = 64 * 1024;
const ofOneConnection = new Set([
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
 * Stands before Temporal's UI, which takes a request under any name and from any page: a page of somebody else's that
 * gives its own name the address of this machine could read and start deployments. Only requests to `localhost` from
 * its own pages pass.
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
  if (!isExpectedHost(headers.host, { bound })) return 'the UI is reached as localhost, and under no other name';
  const own = [`http://localhost:${port}`, `http://${hostPort(bound, port)}`];
  if (headers.origin !== undefined && !own.includes(headers.origin))
    return `only pages of ${own[0]} may call this server`;
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

/** Without those that are about one connection. */
function passedOn(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofOneConnection.has(name)));
}
