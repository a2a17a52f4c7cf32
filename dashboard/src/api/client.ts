import { signal } from '@preact/signals';
import type { Api, Place, Problem } from './types';

/** Requests to the API of the server that this page comes from. */

const prefix = '/api/v1';
/** The longest that an answer may take, in ms. */
const answerMs = 70_000;

/** Set while the server does not answer: since when, in ms since the epoch. */
export const lostSince = signal<number | undefined>(undefined);

/** An error answer of the API, with its advice. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly advice?: string,
  ) {
    super(message);
  }
}

/** The server cannot be reached, or takes too long. */
export class Unreachable extends Error {}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** The answer of a route, by the name of its operation. @throws Refused or Unreachable */
export async function ask<K extends keyof Api>(path: string, signal?: AbortSignal): Promise<Api[K]> {
  return (await send('GET', path, { signal })) as Api[K];
}

/**
 * Has the server do something. The key makes it safe to repeat: pressing twice, or a connection that breaks, does it
 * once.
 * @throws Refused or Unreachable
 */
export async function act<K extends keyof Api | 'nothing'>(
  method: Exclude<Method, 'GET'>,
  path: string,
  { body, key, withinMs }: { body?: unknown; key?: string; withinMs?: number } = {},
): Promise<K extends keyof Api ? Api[K] : undefined> {
  return (await send(method, path, { body, key, withinMs })) as never;
}

/** A new key for an action. */
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(18)), (byte) => byte.toString(36).padStart(2, '0')).join('');
}

interface Sending {
  body?: unknown;
  key?: string;
  signal?: AbortSignal;
  withinMs?: number;
}

/** The content of an answer; undefined if it has none. */
async function send(
  method: Method,
  path: string,
  { body, key, signal: given, withinMs = answerMs }: Sending,
): Promise<unknown> {
  const over = new AbortController();
  const abort = () => over.abort();
  const deadline = setTimeout(abort, withinMs);
  given?.addEventListener('abort', abort);
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${prefix}${path}`, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(key !== undefined && { 'idempotency-key': key }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: over.signal,
    });
    text = await response.text();
  } catch (error) {
    if (given?.aborted) throw error;
    lostSince.value ??= Date.now();
    throw new Unreachable('the server does not answer');
  } finally {
    clearTimeout(deadline);
    given?.removeEventListener('abort', abort);
  }
  lostSince.value = undefined;
  if (response.ok) return text === '' ? undefined : (JSON.parse(text) as unknown);
  if (response.status === 401) toLogin();
  throw refusalOf(response.status, text);
}

function refusalOf(status: number, text: string): Refused {
  const { detail = `the server answered ${status}`, advice } = problemIn(text);
  return new Refused(status, detail, advice);
}

/** A proxy in between answers with other texts. */
function problemIn(text: string): Partial<Problem> {
  try {
    return JSON.parse(text) as Partial<Problem>;
  } catch {
    return {};
  }
}

/** Goes to the log-in, which leads back to this page. */
export function toLogin(): void {
  const { pathname, search } = location;
  location.assign(`/login?${new URLSearchParams({ return: `${pathname}${search}` }).toString()}`);
}

/** The path of an environment in the API, and of what belongs to it. */
export function pathOf({ stack, environment }: Place, ...more: string[]): string {
  return ['/environments', ...[stack, environment, ...more].map(encodeURIComponent)].join('/');
}
