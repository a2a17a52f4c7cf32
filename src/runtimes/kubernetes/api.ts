import { request, type RequestOptions } from 'node:https';
import { request as plainRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { RuntimeError } from '../runtime';
import type { ClusterConnection } from './connection';
import { toApiError, toAway } from './errors';

type Query = Record<string, string | number | boolean | undefined>;

interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  query?: Query;
  body?: unknown;
  contentType?: string;
  signal?: AbortSignal;
}

/** What happens to objects that are watched. */
export interface WatchEvent<T> {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  object: T;
}

const answerMs = 30_000;

/** The Kubernetes API as it is: objects come and go as JSON, so that nothing of them is lost that a library does not know. */
export class KubernetesApi {
  constructor(private readonly connection: ClusterConnection) {}

  get<T>(path: string, query?: Query): Promise<T> {
    return this.json<T>(path, { query });
  }

  /** Nothing where it is not there. */
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

  /** Server-side apply; `force` takes over what others own, a dry run changes nothing. */
  apply<T>(path: string, body: unknown, fieldManager: string, force: boolean, dryRun = false): Promise<T> {
    return this.json<T>(path, { method: 'PATCH', body, contentType: 'application/apply-patch+yaml', query: { fieldManager, force, ...(dryRun && { dryRun: 'All' }) } });
  }

  /** What is gone already is a success. */
  async delete(path: string, body?: unknown): Promise<void> {
    await this.json(path, { method: 'DELETE', body }).catch(unlessMissing);
  }

  async text(path: string, query?: Query, signal?: AbortSignal): Promise<string> {
    return text(await this.open(path, { query, signal }));
  }

  /** Everything that is there at first, then what happens to it; ends when the server ends it. */
  async watch<T>(path: string, query: Query, onEvent: (event: WatchEvent<T>) => void, signal: AbortSignal): Promise<void> {
    const answer = await this.open(path, { query: { ...query, watch: true }, signal });
    for await (const line of linesOf(answer)) onEvent(JSON.parse(line) as WatchEvent<T>);
  }

  private async json<T>(path: string, call: Call): Promise<T> {
    return JSON.parse(await text(await this.open(path, call)).catch((error: Error) => Promise.reject(error instanceof RuntimeError ? error : toAway(error)))) as T;
  }

  /** @throws RuntimeError where the server does not answer, or refuses */
  private async open(path: string, { method = 'GET', query = {}, body, contentType = 'application/json', signal }: Call): Promise<IncomingMessage> {
    const { server } = this.connection;
    const { agent, headers: credentials } = await this.connection.security();
    const url = new URL(server.pathname.replace(/\/$/, '') + path, server);
    for (const [key, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(key, String(value));
    const content = body === undefined ? undefined : JSON.stringify(body);
    const headers = { ...credentials, Accept: 'application/json', ...(content !== undefined && { 'Content-Type': contentType, 'Content-Length': Buffer.byteLength(content) }) };
    const answer = await send(url, { method, headers, signal, ...(url.protocol === 'https:' && { agent }) }, content);
    if ((answer.statusCode ?? 500) < 300) return answer;
    throw toApiError(answer.statusCode ?? 500, await text(answer));
  }
}

function send(url: URL, options: RequestOptions, content: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const call = (url.protocol === 'https:' ? request : plainRequest)(url, options, (answer) => {
      call.setTimeout(0);
      resolve(answer);
    });
    call.setTimeout(answerMs, () => call.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' })));
    call.once('error', (error) => reject(options.signal?.aborted ? error : toAway(error)));
    call.end(content);
  });
}

/** Lines as they come; a connection that breaks is an error, which `node:readline` would not tell. */
async function* linesOf(answer: IncomingMessage): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of answer.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    yield* lines.filter((line) => line !== '');
  }
}

function unlessMissing(error: unknown): undefined {
  if (error instanceof RuntimeError && error.kind === 'missing') return undefined;
  throw error;
}
