import { randomUUID } from 'node:crypto';
import { readBounded } from '../../guard/bounded';
import { isLoopback } from '../../model/names/registry';
import { BadRequest, EngineUnreachable } from '../../temporal/errors';
import { failureOf, ServerStopping, strangeAnswer } from './problems';
import { reasonOf } from './reason';

/** What a client says about a server. */
export interface RemoteConnecting {
  /** `https://deploy.example.com`; plain HTTP on this machine only. */
  server: string;
  /** An API token, or what gives one: it is asked again, with `renew`, when the server refuses the last one. */
  token: string | ((renew: boolean) => Promise<string>);
}

export interface Asking {
  query?: Record<string, string | number | boolean | undefined>;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** Longer than a server works on a request that waits for something. */
const answerMs = 180_000;
const largestAnswer = 64 * 1024 * 1024;
/** A stream on which nothing arrives for this time is lost. */
const silenceMs = 45_000;
const adviceOnServer =
  'check its address and whether it runs; --server, DEPLOY_CODE_SERVER or `deploy-code login` name another';
const attempts = 4;
const longestWaitMs = 30_000;
/** Longer together than a server needs to start again. */
const lostAttempts = 10;
const lostPauseMs = 500;
const longestLostPauseMs = 2000;

/** Sends requests to the API of a server. */
export class Transport {
  readonly server: string;
  private hasAnswered = false;

  constructor(private readonly given: RemoteConnecting) {
    this.server = originOf(given.server);
  }

  /**
   * The answer to a request; undefined if it has none. If the connection is lost, it is repeated as the same request.
   * @throws EngineUnreachable, BadRequest or what the problem is
   */
  async ask<T>(method: Method, path: string, asking: Asking = {}): Promise<T> {
    const key = { 'idempotency-key': randomUUID() };
    const same = method === 'POST' ? { ...asking, headers: { ...key, ...asking.headers } } : asking;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.askOnce<T>(method, path, same);
      } catch (error) {
        if (attempt === lostAttempts || method === 'DELETE' || !this.isLost(error, attempt)) throw error;
        await pause(Math.min(lostPauseMs * attempt, longestLostPauseMs), asking.signal);
      }
    }
  }

  private async askOnce<T>(method: Method, path: string, asking: Asking): Promise<T> {
    const response = await this.send(method, path, asking);
    const text = await this.reading(() => textOf(response));
    this.hasAnswered = true;
    if (response.status === 204) return undefined as T;
    try {
      return JSON.parse(text) as T;
    } catch {
      throw strangeAnswer(this.server, response.status);
    }
  }

  /**
   * Opens a stream of server-sent events. Its bytes end with the connection, and when nothing arrives any more: a
   * server sends something every 15 seconds.
   */
  async open(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const silent = new AbortController();
    const timer = setTimeout(() => silent.abort(), silenceMs);
    try {
      const both = AbortSignal.any([signal, silent.signal]);
      const response = await this.send('GET', path, {
        headers: { ...headers, accept: 'text/event-stream' },
        signal: both,
      });
      const type = response.headers.get('content-type') ?? '';
      if (!response.body || !/^text\/event-stream\b/.test(type)) throw strangeAnswer(this.server, response.status);
      return bytesOf(response.body, timer);
    } catch (error) {
      clearTimeout(timer);
      if (!silent.signal.aborted || signal.aborted) throw error;
      throw new EngineUnreachable(`the server ${this.server} does not answer`, adviceOnServer, { cause: error });
    }
  }

  /** True if a connection broke, or a server that has answered before is away for a moment. */
  private isLost(error: unknown, attempt: number): boolean {
    if (!(error instanceof EngineUnreachable)) return false;
    const code = codeOf(error.cause);
    return (
      error instanceof ServerStopping ||
      broken.has(code) ||
      (code === 'ECONNREFUSED' && (attempt > 1 || this.hasAnswered))
    );
  }

  /** An answer that is no failure. A token that has ended is renewed once; a server that is busy is asked again. */
  private async send(method: Method, path: string, asking: Asking): Promise<Response> {
    let isRenewed = false;
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.fetch(method, path, asking, isRenewed);
      if (response.ok) return response;
      if (response.status === 401 && !isRenewed && typeof this.given.token === 'function') {
        isRenewed = true;
        await response.body?.cancel();
        continue;
      }
      if (response.status !== 429 || attempt === attempts)
        throw failureOf(this.server, response, await this.reading(() => textOf(response)));
      await response.body?.cancel();
      await pause(waitOf(response), asking.signal);
    }
  }

  private async fetch(
    method: Method,
    path: string,
    { query = {}, body, headers, signal }: Asking,
    renew: boolean,
  ): Promise<Response> {
    const url = new URL(`${this.server}/api/v1${path}`);
    for (const [name, value] of Object.entries(query))
      if (value !== undefined) url.searchParams.set(name, String(value));
    const { token } = this.given;
    const bearer = typeof token === 'string' ? token : await token(renew);
    return this.reading(() =>
      fetch(url, {
        method,
        redirect: 'error',
        headers: {
          accept: 'application/json, application/problem+json',
          ...headers,
          authorization: `Bearer ${bearer}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: signal ?? AbortSignal.timeout(answerMs),
      }),
    );
  }

  /** @throws EngineUnreachable if the network fails */
  private async reading<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (error instanceof EngineUnreachable || (error as Error).name === 'AbortError') throw error;
      throw new EngineUnreachable(`the server ${this.server} does not answer: ${reasonOf(error)}`, adviceOnServer, {
        cause: error,
      });
    }
  }
}

/**
 * The origin of a server.
 * @throws BadRequest if the address is not one, or tokens would travel unencrypted
 */
export function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password)
    throw new BadRequest(`"${text}" is not the address of a server; write one such as https://deploy.example.com`);
  if (url.pathname !== '/' || url.search || url.hash)
    throw new BadRequest(`"${text}" has more than a host and a port; write ${url.origin}`);
  if (url.protocol === 'http:' && !isLoopback(url.host))
    throw new BadRequest(`tokens for ${url.origin} would travel unencrypted; use https://${url.host}`);
  return url.origin;
}

const broken: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET']);

/** The code of an error of the network, which `fetch` has as its cause. */
function codeOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === 'string') return code;
  return cause === undefined ? '' : codeOf(cause);
}

async function* bytesOf(body: ReadableStream<Uint8Array>, silence: NodeJS.Timeout): AsyncGenerator<Uint8Array> {
  try {
    for await (const bytes of body) {
      silence.refresh();
      yield bytes;
    }
  } catch {
    // The connection is lost: whoever reads resumes the stream.
  } finally {
    clearTimeout(silence);
  }
}

async function textOf({ body }: Response): Promise<string> {
  if (!body) return '';
  const mib = largestAnswer / 1024 / 1024;
  return (await readBounded(body, largestAnswer, () => new Error(`its answer is larger than ${mib} MiB`))).toString();
}

function waitOf({ headers }: Response): number {
  const seconds = Number(headers.get('retry-after') ?? 1);
  return Math.min(Math.max(Number.isFinite(seconds) ? seconds * 1000 : 1000, 200), longestWaitMs);
}

async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  const { setTimeout: sleep } = await import('node:timers/promises');
  await sleep(ms, undefined, { signal });
}
