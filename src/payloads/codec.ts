import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Payload, PayloadCodec } from '@temporalio/common';

const encoding = 'binary/gzip';
/** Where the payload's own encoding waits to be put back. */
const original = 'deploy-code-encoding';
/** Smaller payloads stay readable in the Temporal UI, a deployment's details (at most 20,000 bytes) among them. */
const threshold = 24_000;

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** Compresses payloads over 24 kB: stacks and observations shrink tenfold. */
export const compressionCodec: PayloadCodec = {
  encode: (payloads) => Promise.all(payloads.map(encode)),
  decode: (payloads) => Promise.all(payloads.map(decode)),
};

async function encode(payload: Payload): Promise<Payload> {
  const { metadata, data } = payload;
  if (!data || data.length < threshold) return payload;
  return { metadata: { ...metadata, encoding: Buffer.from(encoding), [original]: metadata!.encoding! }, data: await compress(data, { level: 1 }) };
}

async function decode(payload: Payload): Promise<Payload> {
  const { metadata, data } = payload;
  if (!metadata?.encoding || Buffer.from(metadata.encoding).toString() !== encoding) return payload;
  const { [original]: before, ...rest } = metadata;
  return { metadata: { ...rest, encoding: before! }, data: await decompress(data!) };
}
