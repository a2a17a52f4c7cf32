import { AsyncLocalStorage } from 'node:async_hooks';
import type * as Acme from 'acme-client';
import { httpCall } from '../../guard/request';
import { PeerFailure } from '../../guard/deadline';
import { parseJson } from '../../model/text/json';
import { RuntimeError } from '../../runtimes/runtime';

const callMs = 20_000;
/** A chain of certificates has some 6 kB, an order with a hundred names 20 kB. */
const largestAnswer = 256 * 1024;
const longestShown = 600;
const agent = 'deploy-code';

/** What a CA answers if it refuses something (RFC 7807, RFC 8555, 6.7). */
export interface AcmeProblem {
  type: string;
  detail: string;
}

export interface TransportOptions {
  /** URL of the directory of the CA. Everything else that is asked has to have its origin. */
  directory: string;
  authorities?: string[];
  signal: AbortSignal;
}

interface Request {
  url?: string;
  method?: string;
  data?: unknown;
  headers?: object;
}

type Library = typeof Acme;

/**
 * Carries the requests of the ACME library over the engine's own HTTP calls: with a deadline, a limit of size, no
 * redirects, to the origin of the directory only. Remembers what the CA refused, which the library reduces to a text.
 */
export class AcmeTransport {
  private static readonly current = new AsyncLocalStorage<AcmeTransport>();
  private static library?: Promise<Library>;
  /** The last answer, if it refused something. */
  refused?: { problem: AcmeProblem; retryAfterMs?: number };
  /** How long the CA asked to wait in its last answer, in ms. */
  retryAfterMs?: number;

  constructor(private readonly options: TransportOptions) {}

  /** Runs work of the library whose requests this transport carries. */
  async run<T>(work: (acme: Library) => Promise<T>): Promise<T> {
    const acme = await (AcmeTransport.library ??= AcmeTransport.load());
    return AcmeTransport.current.run(this, () => work(acme));
  }

  /** Loaded with the first order: it is large, and most workers never need it. */
  private static async load(): Promise<Library> {
    const acme = await import('acme-client');
    const carry = (request: Request) => {
      const transport = AcmeTransport.current.getStore();
      if (!transport) throw new Error('a request of the ACME library without a transport');
      return transport.carry(request);
    };
    acme.axios.defaults.adapter = carry as unknown as typeof acme.axios.defaults.adapter;
    return acme;
  }

  private async carry(config: Request): Promise<object> {
    const { url = '', method = 'get', data } = config;
    const { directory, authorities, signal } = this.options;
    const { host, origin } = new URL(directory);
    if (!URL.canParse(url) || new URL(url).origin !== origin)
      throw new RuntimeError('platform', `the CA ${host} names an address of another origin`);
    const answer = await httpCall(url, {
      method: method.toUpperCase(),
      headers: { 'user-agent': agent, ...(typeof data === 'string' && { 'content-type': 'application/jose+json' }) },
      ...(typeof data === 'string' && { body: data }),
      deadlineMs: callMs,
      largest: method.toLowerCase() === 'head' ? 0 : largestAnswer,
      signal,
      elsewhere: true,
      ca: authorities,
    }).catch((error: Error) => {
      if (!(error instanceof PeerFailure)) throw error;
      throw new RuntimeError('platform', `the CA ${host} does not answer (${error.message})`, { cause: error });
    });
    const { status, body, headers } = answer;
    this.retryAfterMs = retryAfterOf(headers['retry-after']);
    this.refused = status < 300 ? undefined : { problem: problemOf(status, body), retryAfterMs: this.retryAfterMs };
    return { status, statusText: '', headers, data: body, config, request: {} };
  }
}

/** What a CA refuses, in its own words. Only the documented form is shown, not any answer of any server. */
export function problemOf(status: number, body: string): AcmeProblem {
  return acmeError(parseJson(body)) ?? { type: '', detail: `it answers ${status}` };
}

/** An error document of ACME; undefined if it is none. */
export function acmeError(document: unknown): AcmeProblem | undefined {
  const { type, detail } = (document ?? {}) as { type?: unknown; detail?: unknown };
  if (typeof type !== 'string' || !/^urn:(ietf:params:)?acme:error:\w{1,60}$/.test(type)) return undefined;
  return { type: type.split(':').at(-1)!, detail: typeof detail === 'string' ? detail.slice(0, longestShown) : '' };
}

/** In ms; undefined if the header is absent or says nothing (RFC 9110, 10.2.3). */
export function retryAfterOf(header: string | undefined, now = Date.now()): number | undefined {
  if (header === undefined) return undefined;
  const waitMs = /^\d{1,9}$/.test(header.trim()) ? Number(header) * 1000 : Date.parse(header) - now;
  return waitMs > 0 ? waitMs : undefined;
}
