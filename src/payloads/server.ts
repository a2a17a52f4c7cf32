import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { isExpectedHost } from '../guard/expected-host';
import { bodyOf, createGuardedServer, RequestRefused, text, type Answer } from '../guard/server';

const largestBody = 16 * 1024 * 1024;
const form = 'write {"payloads": [{"metadata": {"key": "base64"}, "data": "base64"}]}';

export interface CodecServerOptions {
  port: number;
  host: string;
  /** Origin of the Temporal UI that may call, as browsers send it: `http://localhost:8233`. */
  origin: string;
  /** Host names other than its address, such as those of a proxy. */
  allowedHosts?: readonly string[];
  /** Required as `Authorization: Bearer`; absent: no authentication. */
  token?: string;
  codec: PayloadCodec;
  /** Receives the error of a failed request. */
  onFailure?: (error: Error) => void;
}

interface JsonPayload {
  metadata?: Record<string, string>;
  data?: string;
}

/** Serves Temporal's remote codec, `POST /encode` and `POST /decode`, for the Temporal UI and CLI. */
export async function serveCodec(options: CodecServerOptions): Promise<Server> {
  const { port, host, onFailure = () => undefined } = options;
  const server = createGuardedServer({ onFailure, answer: (request, path) => answer(request, path, options) });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  server.on('error', onFailure);
  return server;
}

async function answer(
  request: IncomingMessage,
  path: string,
  { host, allowedHosts, origin, token, codec }: CodecServerOptions,
): Promise<Answer> {
  if (!isExpectedHost(request.headers.host, { bound: host, allowed: allowedHosts }))
    return text(403, 'this host name is not allowed; add it with --allow-host');
  if ((request.headers.origin ?? origin) !== origin) return text(403, `only pages of ${origin} may call this server`);
  const headers = {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'POST, OPTIONS',
    'access-control-allow-headers': 'authorization, content-type, x-namespace',
    ...(token !== undefined && { 'access-control-allow-credentials': 'true' }),
  };
  if (request.method === 'OPTIONS') return { status: 204, headers };
  const work = { '/encode': codec.encode.bind(codec), '/decode': codec.decode.bind(codec) }[path];
  if (!work || request.method !== 'POST')
    return text(404, 'unknown endpoint; use POST /encode or POST /decode', headers);
  if (token !== undefined && !isBearer(request.headers.authorization, token))
    return text(401, 'the bearer token is missing or wrong', headers);
  try {
    const payloads = payloadsIn(await bodyOf(request, largestBody));
    return {
      status: 200,
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ payloads: (await work(payloads.map(fromJson))).map(toJson) }),
    };
  } catch (error) {
    return text(error instanceof RequestRefused ? error.status : 400, (error as Error).message, headers);
  }
}

/** @throws RequestRefused if the body is not in Temporal's format */
function payloadsIn(body: string): JsonPayload[] {
  const given = parsed(body) as { payloads?: unknown } | null;
  const payloads = typeof given === 'object' && given !== null ? (given.payloads ?? []) : undefined;
  if (!Array.isArray(payloads) || !payloads.every(isPayload)) throw new RequestRefused(400, form);
  return payloads;
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new RequestRefused(400, 'the body is not JSON');
  }
}

function isPayload(value: unknown): value is JsonPayload {
  if (typeof value !== 'object' || value === null) return false;
  const { metadata = {}, data = '' } = value as { metadata?: unknown; data?: unknown };
  const isTexts =
    typeof metadata === 'object' &&
    metadata !== null &&
    Object.values(metadata).every((each) => typeof each === 'string');
  return isTexts && typeof data === 'string';
}

function isBearer(given: string | undefined, token: string): boolean {
  const [expected, actual] = [Buffer.from(`Bearer ${token}`), Buffer.from(given ?? '')];
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function fromJson({ metadata = {}, data = '' }: JsonPayload): Payload {
  return {
    metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value, 'base64')])),
    data: Buffer.from(data, 'base64'),
  };
}

function toJson({ metadata, data }: Payload): JsonPayload {
  const base64 = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('base64');
  return {
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([key, value]) => [key, base64(value)])),
    data: base64(data),
  };
}
