import { request as requestHttp, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { lookupElsewhere, refuseSurroundings } from './addresses';
import { readBounded } from './bounded';
import { PeerFailure, withinDeadline } from './deadline';

export interface HttpCall {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
  /** Time limit in ms for the whole exchange, including redirects and the body of the answer. */
  deadlineMs: number;
  /** Maximum size of the answer in bytes; a larger one fails the call. 0: the body is not read. */
  largest: number;
  /** Maximum number of redirects, which must stay on the same host; default 0. */
  redirects?: number;
  signal?: AbortSignal;
  /** Refuses link-local addresses and cloud metadata services, also if a name resolves to one. */
  elsewhere?: boolean;
  /** Certificates of authorities to trust, in PEM; default those of Node. */
  ca?: string[];
}

export interface HttpReply {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

const redirections = new Set([301, 302, 303, 307, 308]);

/**
 * One HTTP exchange with an untrusted peer, which may hang, be slow or send without end. The exchange always ends, and
 * closes its connection.
 * @throws PeerFailure with a reason that contains neither the address nor the request
 */
export async function httpCall(address: string, call: HttpCall): Promise<HttpReply> {
  if (!URL.canParse(address)) throw new PeerFailure('the address is malformed');
  return withinDeadline(
    call.deadlineMs,
    (signal) => exchange(new URL(address), call, signal, call.redirects ?? 0),
    call.signal,
  );
}

async function exchange(url: URL, call: HttpCall, signal: AbortSignal, redirects: number): Promise<HttpReply> {
  if (url.username || url.password) throw new PeerFailure('the address contains a user or a password');
  const answer = await send(url, call, signal);
  const {
    statusCode: status = 0,
    headers: { location },
  } = answer;
  if (!redirections.has(status) || location === undefined || redirects === 0)
    return { status, headers: answer.headers, body: await bodyOf(answer, call.largest) };
  answer.destroy();
  return exchange(nextOf(url, location), call, signal, redirects - 1);
}

/** Sends a request over a connection of its own, which is closed with the call. */
function send(
  url: URL,
  { method = 'GET', headers = {}, body, elsewhere = false, ca }: HttpCall,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const request = { 'http:': requestHttp, 'https:': requestHttps }[url.protocol];
  if (!request) throw new PeerFailure('the address is neither http nor https');
  if (elsewhere) refuseSurroundings(url.hostname);
  const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    request(
      url,
      {
        method,
        headers: { ...headers, ...length },
        agent: false,
        signal,
        ...(elsewhere && { lookup: lookupElsewhere }),
        ...(ca && { ca }),
      },
      resolve,
    )
      .on('error', (error) =>
        reject(error instanceof PeerFailure ? error : new PeerFailure(reasonOf(error), { cause: error })),
      )
      .end(body);
  });
}

/** @throws PeerFailure if a redirect leads to another host, or from https to http */
function nextOf(url: URL, location: string): URL {
  const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  const isSame = next?.hostname === url.hostname && (next.protocol === url.protocol || next.protocol === 'https:');
  if (!isSame) throw new PeerFailure('it redirects to another host');
  return next;
}

async function bodyOf(answer: IncomingMessage, largest: number): Promise<string> {
  if (largest === 0) {
    answer.destroy();
    return '';
  }
  try {
    const body = await readBounded(
      answer,
      largest,
      () => new PeerFailure(`the answer is larger than ${largest} bytes`),
    );
    return body.toString('utf8');
  } catch (error) {
    throw error instanceof PeerFailure ? error : new PeerFailure(reasonOf(error as Error), { cause: error });
  } finally {
    answer.destroy();
  }
}

/** The system's code of a connection error. */
function reasonOf(error: NodeJS.ErrnoException): string {
  return error.code ?? 'the connection failed';
}
