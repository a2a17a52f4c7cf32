import { request as requestHttp, type ClientRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Duplex } from 'node:stream';
import { readBounded } from '../../../guard/bounded';
import { forTimer } from '../../../guard/timers';
import { forever } from '../../deadline';
import { RuntimeError } from '../../runtime';
import { answerMs, late } from './errors';

export interface ModemLimits {
  /** Timeout of an answer, or of the start of a stream; in ms. */
  answerMs: number;
  /** Limit of an answer that is not a stream; in bytes. */
  largest: number;
}

/** The library's description of a call. */
interface Call {
  path: string;
  options?: { t?: number };
  hijack?: boolean;
  isStream?: boolean;
  openStdin?: boolean;
  statusCodes: Record<number, unknown>;
}

type Callback = (error: Error | null, result?: unknown) => void;

/** The parts of the library's modem that are replaced, or that the replacement uses. */
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
/** The engine starts its answer to a pull only after the registry has answered. */
const pullBeginsMs = 5 * 60_000;
/** A path that the library builds from fixed words and names. A `?` ends it. */
const enginePath = /^(?:\/[A-Za-z0-9_.:@[\]-]+)+\??$/;

/**
 * Replaces the library's HTTP layer: every call has a timeout that closes its connection, answers have a size limit,
 * and redirects are not followed. The library has neither limit, and follows redirects to any host.
 */
export function guardModem(modem: unknown, limits: Partial<ModemLimits> = {}): void {
  const target = modem as Modem;
  const dial = target.dial.bind(target);
  const all = { ...defaults, ...limits };
  target.dial = (call, callback) => {
    if (!isEnginePath(call.path))
      return callback(
        new RuntimeError(
          'software',
          'a name contains a path to another endpoint; no request was sent to the Docker Engine',
        ),
      );
    dial(call, callback);
  };
  target.buildRequest = (options, call, data, callback) => sendRequest(target, all, options, call, data, callback);
}

function isEnginePath(path: string): boolean {
  return enginePath.test(path) && !path.split(/[/?]/).some((part) => part === '.' || part === '..');
}

function sendRequest(
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
  const deliver = (response: IncomingMessage, isStream: boolean, json: unknown) =>
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
      isAnswered || finish(new RuntimeError('platform', 'the Docker Engine closed the connection without an answer')),
  );
  request.on('upgrade', (_, socket: Duplex, head: Buffer) => {
    if (!call.hijack) {
      socket.destroy();
      return finish(new RuntimeError('platform', 'the Docker Engine answered with an unexpected protocol upgrade'));
    }
    if (head.length > 0) socket.unshift(head);
    finish(null, socket);
  });
  request.on('response', (response) => {
    if (call.isStream && isGood(response)) return deliver(response, true, null);
    collect(response, limits.largest).then(
      (answer) => deliver(response, false, parsed(answer) ?? (isGood(response) ? null : answer)),
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

/** Waits have no timeout, as their callers can abort them. A stop may also take its grace period. */
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
