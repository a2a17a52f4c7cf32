import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Payload, PayloadCodec } from '@temporalio/common';

const largestBody = 16 * 1024 * 1024;

export interface CodecServerOptions {
  port: number;
  host: string;
  /** The Temporal UI that may ask, as browsers name it: `http://localhost:8233`. */
  origin: string;
  /** Asked for as `Authorization: Bearer`; absent: nothing is asked for. */
  token?: string;
  codec: PayloadCodec;
}

interface JsonPayload {
  metadata?: Record<string, string>;
  data?: string;
}

/** Temporal's remote codec: `POST /encode` and `POST /decode`, for the UI and the CLI of those who may read. */
export async function serveCodec(options: CodecServerOptions): Promise<Server> {
  const server = createServer((request, response) => void answer(request, response, options));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return server;
}

async function answer(request: IncomingMessage, response: ServerResponse, { origin, token, codec }: CodecServerOptions): Promise<void> {
  const headers = {
    'access-control-allow-origin': origin,
    'access-control-allow-methods': 'POST, OPTIONS',
    'access-control-allow-headers': 'authorization, content-type, x-namespace',
    ...(token !== undefined && { 'access-control-allow-credentials': 'true' }),
  };
  const end = (status: number, body = '') => response.writeHead(status, { ...headers, 'content-type': status === 200 ? 'application/json' : 'text/plain' }).end(body);
  const works: Record<string, PayloadCodec['encode']> = { '/encode': (payloads) => codec.encode(payloads), '/decode': (payloads) => codec.decode(payloads) };
  const work = works[request.url ?? ''];
  if (request.method === 'OPTIONS') return void end(204);
  if (!work || request.method !== 'POST') return void end(404, 'this server knows POST /encode and POST /decode\n');
  if (token !== undefined && !isBearer(request.headers.authorization, token)) return void end(401, 'a bearer token is needed, and this is not it\n');
  try {
    const { payloads = [] } = JSON.parse(await bodyOf(request)) as { payloads?: JsonPayload[] };
    end(200, JSON.stringify({ payloads: (await work(payloads.map(fromJson))).map(toJson) }));
  } catch (error) {
    end(400, `${(error as Error).message}\n`);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > largestBody) throw new Error(`the request is larger than ${largestBody} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function isBearer(given: string | undefined, token: string): boolean {
  const [expected, actual] = [Buffer.from(`Bearer ${token}`), Buffer.from(given ?? '')];
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}

function fromJson({ metadata = {}, data = '' }: JsonPayload): Payload {
  return { metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value, 'base64')])), data: Buffer.from(data, 'base64') };
}

function toJson({ metadata, data }: Payload): JsonPayload {
  const base64 = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('base64');
  return { metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([key, value]) => [key, base64(value)])), data: base64(data) };
}
