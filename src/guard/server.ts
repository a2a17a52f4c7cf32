import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readBounded } from './bounded';

export interface Answer {
  status: number;
  body?: string;
  headers?: Record<string, string>;
}

export interface GuardedServer {
  /** Answers a request, given the path of its target. If it throws, the server answers 500. */
  answer: (request: IncomingMessage, path: string) => Promise<Answer>;
  /** Called with the error of each request that got 500. */
  onFailure: (error: Error) => void;
  limits?: Partial<ServerLimits>;
}

/** Times in ms, sizes in bytes. */
export interface ServerLimits {
  /** Time for the headers of a request. */
  headersMs: number;
  /** Time for a whole request, including its body. */
  requestMs: number;
  /** Time for a whole exchange, until the client has read the answer. */
  exchangeMs: number;
  headerBytes: number;
  connections: number;
}

const defaults: ServerLimits = {
  headersMs: 10_000,
  requestMs: 20_000,
  exchangeMs: 60_000,
  headerBytes: 16 * 1024,
  connections: 200,
};
const checkMs = 1000;
const idleMs = 5000;

/** An error that is answered with its status and message. */
export class RequestRefused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** Creates an HTTP server in which malformed, slow, endless and failing requests do not affect others. */
export function createGuardedServer({ answer, onFailure, limits }: GuardedServer): Server {
  const { headersMs, requestMs, exchangeMs, headerBytes, connections } = { ...defaults, ...limits };
  const options = {
    maxHeaderSize: headerBytes,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: idleMs,
    connectionsCheckingInterval: Math.min(checkMs, headersMs),
  };
  const server = createServer(options, (request, response) => {
    const { socket } = request;
    const deadline = setTimeout(() => socket.destroy(), exchangeMs);
    response.once('close', () => clearTimeout(deadline)).on('error', () => undefined);
    request.on('error', () => undefined);
    void reply(request, answer, onFailure).then((given) => send(request, response, given));
  });
  server.maxConnections = connections;
  server.setTimeout(exchangeMs);
  return server;
}

async function reply(
  request: IncomingMessage,
  answer: GuardedServer['answer'],
  onFailure: GuardedServer['onFailure'],
): Promise<Answer> {
  try {
    const path = pathOf(request.url ?? '');
    if (path === undefined) return text(400, 'the target of the request is malformed');
    return await answer(request, path);
  } catch (error) {
    if (error instanceof RequestRefused) return text(error.status, error.message);
    onFailure(error as Error);
    return text(500, 'the request failed; see the log');
  }
}

/** A plain-text answer. */
export function text(status: number, message: string, headers: Record<string, string> = {}): Answer {
  return { status, body: `${message}\n`, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers } };
}

/** Sends an answer, and closes the connection if the client is still sending its body. */
function send(request: IncomingMessage, response: ServerResponse, { status, body = '', headers }: Answer): void {
  const { complete: isWhole, socket } = request;
  if (!isWhole) response.once('finish', () => socket.destroySoon());
  const common = {
    'content-length': String(Buffer.byteLength(body)),
    'x-content-type-options': 'nosniff',
    ...(!isWhole && { connection: 'close' }),
  };
  response.writeHead(status, { ...common, ...headers }).end(request.method === 'HEAD' ? undefined : body);
}

/** The path of a request's target; undefined if the target is malformed. */
function pathOf(target: string): string | undefined {
  if (/^https?:\/\//i.test(target)) return URL.canParse(target) ? new URL(target).pathname : undefined;
  return /^\/(?!\/)/.test(target) ? target.split('?', 1)[0] : undefined;
}

/** The body of a request as text, of at most `largest` bytes. */
export async function bodyOf(request: IncomingMessage, largest: number): Promise<string> {
  const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
  const tooLarge = () => new RequestRefused(413, `the request is larger than ${largest} bytes`);
  return (await readBounded(chunks, largest, tooLarge)).toString();
}
