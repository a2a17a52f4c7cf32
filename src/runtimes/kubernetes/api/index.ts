import { request, type RequestOptions } from 'node:https';
import { request as plainRequest, type IncomingMessage } from 'node:http';
import { readBounded } from '../../../guard/bounded';
import { PeerFailure, withinDeadline } from '../../../guard/deadline';
import { RuntimeError } from '../../runtime';
import type { ClusterConnection } from './connection';
import { toApiError, toAway } from './errors';
import { isApiPath } from './paths';

type Query = Record<string, string | number | boolean | undefined>;

interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  query?: Query;
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal;
}

/** A change of a watched object. */
export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T;
}

/** Limits of a call: total time in ms, size in bytes, characters of an event, and duration of a watch in ms. */
export interface ApiLimits {
  answerMs: number;
  largest: number;
  longestEvent: number;
  watchMs: number;
}

const largestRefusal = 1024 * 1024;
const defaults: ApiLimits = {
  answerMs: 30_000,
  largest: 256 * 1024 * 1024,
  longestEvent: 16 * 1024 * 1024,
  watchMs: 5 * 60_000,
};

/** A client of the Kubernetes API. Objects are plain JSON, so that fields which a library does not know are kept. */
export class KubernetesApi {
  private readonly limits: ApiLimits;

  constructor(
    private readonly connection: ClusterConnection,
    limits: Partial<ApiLimits> = {},
  ) {
    this.limits = { ...defaults, ...limits };
  }

  get<T>(path: string, query?: Query): Promise<T> {
    return this.json<T>(path, { query });
  }

  /** Undefined if the object does not exist. */
  async find<T>(path: string): Promise<T | undefined> {
    return this.get<T>(path).catch(unlessMissing);
  }

  async list<T>(path: string, query?: Query): Promise<T[]> {
    return (await this.get<{ items: T[] }>(path, query)).items;
  }

  post<T>(path: string, body: unknown): Promise<T> {
    return this.json<T>(path, { method: 'POST', body });
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.json<T>(path, { method: 'PUT', body });
  }

  /** Server-side apply; `force` takes over fields of other managers, a dry run changes nothing. */
  apply<T>(path: string, body: unknown, fieldManager: string, force: boolean, dryRun = false): Promise<T> {
    return this.json<T>(path, {
      method: 'PATCH',
      body,
      contentType: 'application/apply-patch+yaml',
      query: { fieldManager, force, ...(dryRun && { dryRun: 'All' }) },
    });
  }

  /** A missing object counts as deleted. */
  async delete(path: string, body?: unknown): Promise<void> {
    await this.json(path, { method: 'DELETE', body }).catch(unlessMissing);
  }

  /** The answer as text, within the limits of time and size. */
  async text(path: string, query?: Query, signal?: AbortSignal): Promise<string> {
    return this.read(path, { query, signal });
  }

  /** Watches objects: first all that exist, then their changes; resolves when the server ends the watch. */
  async watch<T>(
    path: string,
    query: Query,
    onEvent: (event: WatchEvent<T>) => void,
    signal: AbortSignal,
  ): Promise<void> {
    const { watchMs, longestEvent, answerMs } = this.limits;
    await this.inTime(watchMs, signal, async (over) => {
      const answer = await this.inTime(answerMs, over, (first) =>
        this.open(path, { query: { ...query, watch: true }, signal: AbortSignal.any([first, over]) }),
      );
      for await (const line of linesOf(answer, longestEvent)) onEvent(JSON.parse(line) as WatchEvent<T>);
    });
  }

  private async json<T>(path: string, call: Call): Promise<T> {
    const answer = await this.read(path, call);
    try {
      return JSON.parse(answer) as T;
    } catch (error) {
      throw new RuntimeError('platform', 'the answer of the Kubernetes API is not JSON', { cause: error });
    }
  }

  private read(path: string, call: Call): Promise<string> {
    const { answerMs, largest } = this.limits;
    return this.inTime(answerMs, call.signal, async (signal) =>
      textOf(await this.open(path, { ...call, signal }), largest),
    );
  }

  /** Aborts the work and closes its connection after the limit. */
  private inTime<T>(
    limitMs: number,
    signal: AbortSignal | undefined,
    work: (over: AbortSignal) => Promise<T>,
  ): Promise<T> {
    return withinDeadline(limitMs, work, signal).catch((error: Error) => {
      throw error instanceof PeerFailure || typeof (error as NodeJS.ErrnoException).code === 'string'
        ? toAway(error)
        : error;
    });
  }

  /** @throws RuntimeError if the server does not answer or refuses */
  private async open(
    path: string,
    { method = 'GET', query = {}, body, contentType = 'application/json', signal }: Call,
  ): Promise<IncomingMessage> {
    const { server } = this.connection;
    if (!isApiPath(path))
      throw new RuntimeError(
        'software',
        'a name contains a path to another endpoint; no request was sent to the Kubernetes API',
      );
    const { agent, headers: credentials } = await this.connection.security();
    const url = new URL(server.pathname.replace(/\/$/, '') + path, server);
    for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value));
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...credentials,
      Accept: 'application/json',
      ...(content !== undefined && { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(content) }),
    };
    const answer = await send(url, { method, headers, signal, ...(url.protocol === 'https:' && { agent }) }, content);
    if ((answer.statusCode ?? 500) < 300) return answer;
    throw toApiError(answer.statusCode ?? 500, await textOf(answer, largestRefusal));
  }
}

function send(url: URL, options: RequestOptions, content: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    (url.protocol === 'https:' ? request : plainRequest)(url, options, resolve)
      .on('error', (error) => reject(options.signal?.aborted ? error : toAway(error)))
      .end(content);
  });
}

async function textOf(answer: IncomingMessage, largest: number): Promise<string> {
  const tooLarge = () =>
    new RuntimeError('platform', `an answer of the Kubernetes API is larger than ${largest} bytes`);
  return (await readBounded(answer, largest, tooLarge)).toString('utf8');
}

/** The lines of a stream. A broken connection throws, which `node:readline` would hide. */
async function* linesOf(answer: IncomingMessage, longest: number): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of answer.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    if (rest.length > longest)
      throw new RuntimeError('platform', `the Kubernetes API sent an event of more than ${longest} characters`);
    yield* lines.filter((line) => line !== '');
  }
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof RuntimeError && error.kind === 'missing') return undefined;
  throw error;
}
