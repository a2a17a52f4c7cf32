import { randomInt } from 'node:crypto';
import { request as requestHttp, type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { once } from 'node:events';
import { pipeline } from 'node:stream';
import { freePort } from '../../../worker/free-port';
import { isExpectedHost } from '../../../guard/expected-host';

/** Where Temporal's UI really listens. */
export interface UiAddress {
  host: string;
  port: number;
}

/** An address that no page can guess: on Linux all of 127.0.0.0/8 is this machine. */
export async function hiddenAddress(): Promise<UiAddress> {
  const host = process.platform === 'linux' ? ['127', randomInt(1, 255), randomInt(1, 255), randomInt(1, 255)].join('.') : '127.0.0.1';
  return { host, port: await freePort() };
}

const silentMs = 60_000;
const largestHeaders = 64 * 1024;
const ofOneConnection = new Set(['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer', 'transfer-encoding', 'upgrade']);

/**
 * Stands before Temporal's UI, which takes a request under any name and from any page: a page of somebody else's that gives its own
 * name the address of this machine could read and start deployments. Only requests to `localhost` from its own pages pass.
 */
export async function guardUi(port: number, ui: UiAddress): Promise<Server> {
  const server = createServer({ maxHeaderSize: largestHeaders }, (request, response) => {
    const refusal = refusalOf(request, port);
    if (refusal === undefined) return pass(request, response, ui);
    response.writeHead(403, { 'content-type': 'text/plain; charset=utf-8', connection: 'close' }).end(`${refusal}\n`);
  });
  server.setTimeout(silentMs);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function refusalOf({ headers }: IncomingMessage, port: number): string | undefined {
  const bound = '127.0.0.1';
  if (!isExpectedHost(headers.host, { bound })) return 'the UI is reached as localhost, and under no other name';
  const own = [`http://localhost:${port}`, `http://${bound}:${port}`];
  if (headers.origin !== undefined && !own.includes(headers.origin)) return `pages of ${own[0]} may ask, and no others`;
  return undefined;
}

function pass(request: IncomingMessage, response: ServerResponse, { host, port }: UiAddress): void {
  const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !ofOneConnection.has(name)));
  const onward = requestHttp({ host, port, method: request.method, path: request.url, headers, agent: false }, (answer) => {
    const back = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !ofOneConnection.has(name)));
    response.writeHead(answer.statusCode ?? 502, back);
    pipeline(answer, response, () => undefined);
  });
  onward.on('error', () => (response.headersSent ? response.destroy() : response.writeHead(502).end('the Temporal UI does not answer\n')));
  response.on('close', () => onward.destroy());
  pipeline(request, onward, () => undefined);
}
