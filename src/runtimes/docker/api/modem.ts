import { request as requestHttp, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Duplex } from 'node:stream';
import { readBounded } from '../../../guard/bounded';
import { forTimer } from '../../../guard/timers';
import { forever } from '../../deadline';
import { RuntimeError } from '../../runtime';
import { answerMs, late } from './errors';

export interface ModemLimits {
  /** For an answer, or for the beginning of one that is a stream; in ms. */
  answerMs: number;
  /** Bytes of an answer that is no stream. */
  largest: number;
}

/** What the library knows of a call on the engine. */
interface Call {
  path: string;
  options?: { t?: number };
  hijack?: boolean;
  isStream?: boolean;
  openStdin?: boolean;
  statusCodes: Record<number, unknown>;
}

type Callback = (error: Error | null, result?: unknown) => void;

/** The parts of the library's modem that are replaced, or used by what replaces them. */
interface Modem {
  protocol: string;
  dial(call: Call, callback: Callback): void;
  buildRequest(options: RequestOptions, call: Call, data: unknown, callback: Callback): void;
  buildPayload(
    error: Error | null,
    isStream: boolean,
    statusCodes: Call['statusCodes'],
    openStdin: boolean,
    request: unknown,
    response: unknown,
    json: unknown,
    callback: Callback,
  ): void;
}

const defaults: ModemLimits = { answerMs, largest: 256 * 1024 * 1024 };
const defaultStopSeconds = 10;
/** The engine begins to answer a pull once the registry has answered it. */
const pullBeginsMs = 5 * 60_000;
/** Of a path that the library makes: its own words, and names. A `?` ends it. */
const enginePath = /^(?:\/[A-Za-z0-9_.:@[\]-]+)+\??$/;

/**
 * Replaces how the library talks to an engine: every call has a deadline that ends its connection, answers have a
 * limit, and no redirect is followed. The library has none of the three, and follows redirects to any host.
 */
export function guardModem(modem: unknown, limits: Partial<ModemLimits> = {}): void {
  const guarded = modem as Modem;
  const dial = guarded.dial.bind(guarded);
  const all = { ...defaults, ...limits };
  guarded.dial = (call, callback) => {
    if (!isEnginePath(call.path))
      return callback(
        new RuntimeError('software', 'a name that leads elsewhere; nothing was asked of the Docker Engine'),
      );
    dial(call, callback);
  };
  guarded.buildRequest = (options, call, data, callback) => converse(guarded, all, options, call, data, callback);
}

function isEnginePath(path: string): boolean {
  return enginePath.test(path) && !path.split(/[/?]/).some((part) => part === '.' || part === '..');
}

function converse(
  modem: Modem,
  limits: ModemLimits,
  options: RequestOptions,
  call: Call,
  data: unknown,
  callback: Callback,
): void {
  const limitMs = deadlineOf(call, limits.answerMs);
  const request = open(modem, options);
  if (request instanceof Error) return callback(request);
  const timer = limitMs === forever ? undefined : setTimeout(() => request.destroy(late(limitMs)), forTimer(limitMs));
  let isOver = false;
  const finish: Callback = (error, result) => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    callback(error, result);
  };
  const isGood = ({ statusCode = 0 }: IncomingMessage) => call.statusCodes[statusCode] === true;
  const hand = (response: IncomingMessage, isStream: boolean, json: unknown) =>
    modem.buildPayload(
      null,
      isStream,
      call.statusCodes,
      isStream && call.openStdin === true,
      request,
      response,
      json,
      finish,
    );
  let isAnswered = false;
  request.once('response', () => (isAnswered = true)).once('upgrade', () => (isAnswered = true));
  request.on('error', finish);
  request.on(
    'close',
    () =>
      isAnswered || finish(new RuntimeError('platform', 'the Docker Engine ended the connection instead of an answer')),
  );
  request.on('upgrade', (_, socket: Duplex, head: Buffer) => {
    if (!call.hijack) {
      socket.destroy();
      return finish(new RuntimeError('platform', 'the Docker Engine answers a question with an upgrade'));
    }
    if (head.length > 0) socket.unshift(head);
    finish(null, socket);
  });
  request.on('response', (response) => {
    if (call.isStream && isGood(response)) return hand(response, true, null);
    collect(response, limits.largest).then(
      (answer) => hand(response, false, parsed(answer) ?? (isGood(response) ? null : answer)),
      (error: Error) => {
        request.destroy();
        finish(error);
      },
    );
  });
  send(request, call, data);
}

function open({ protocol }: Modem, options: RequestOptions): ClientRequest | Error {
  try {
    return (protocol === 'https' ? requestHttps : requestHttp)(options);
  } catch (error) {
    return error as Error;
  }
}

/** A wait lasts as long as what it waits for, and has a signal of its caller; a stop may use up its grace period. */
function deadlineOf({ path, options }: Call, usualMs: number): number {
  if (path.endsWith('/wait') || path.endsWith('/wait?')) return forever;
  if (path.startsWith('/images/create')) return Math.max(usualMs, pullBeginsMs);
  return /^\/containers\/[^/]+\/(?:stop|restart)\??$/.test(path)
    ? (options?.t ?? defaultStopSeconds) * 1000 + usualMs
    : usualMs;
}

function collect(response: IncomingMessage, largest: number): Promise<Buffer> {
  const tooLarge = () => new RuntimeError('platform', `an answer of the Docker Engine is larger than ${largest} bytes`);
  return readBounded(response, largest, tooLarge);
}

function parsed(answer: Buffer): unknown {
  try {
    return JSON.parse(answer.toString('utf8')) as unknown;
  } catch {
    return answer;
  }
}

function send(request: ClientRequest, { openStdin }: Call, data: unknown): void {
  if (typeof data === 'string' || Buffer.isBuffer(data)) request.write(data);
  else if (data !== undefined) {
    const source = data as NodeJS.ReadableStream;
    source.on('error', (error: Error) => request.destroy(error));
    source.pipe(request);
    return;
  }
  if (!openStdin) request.end();
}
