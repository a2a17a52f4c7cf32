import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Payload } from '@temporalio/common';

const encoding = 'binary/gzip';
/** Where the payload's own encoding waits to be put back. */
const original = 'deploy-code-encoding';

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/** Compresses payloads from a size on: stacks and observations shrink tenfold. */
export async function compress(payload: Payload, threshold: number): Promise<Payload> {
  const { metadata, data } = payload;
  if (!data || data.length < threshold) return payload;
  return { metadata: { ...metadata, encoding: Buffer.from(encoding), [original]: metadata!.encoding! }, data: await pack(data, { level: 1 }) };
}

export async function decompress(payload: Payload): Promise<Payload> {
  const { metadata, data } = payload;
  if (!metadata?.encoding || Buffer.from(metadata.encoding).toString() !== encoding) return payload;
  const { [original]: before, ...rest } = metadata;
  return { metadata: { ...rest, encoding: before! }, data: await unpack(data!) };
}
