import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Payload } from '@temporalio/common';
import { PayloadRefused } from './refused';

const encoding = 'binary/gzip';
/** Where the payload's own encoding waits to be put back. */
const original = 'deploy-code-encoding';

/** In bytes. Temporal takes 2 MB of it compressed; 5,000 services are about 8 MB. */
export const largestPayload = 32 * 1024 * 1024;

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/**
 * Compresses payloads from a size on: stacks and observations shrink tenfold.
 * @throws PayloadRefused for one that nobody would decompress again
 */
export async function compress(payload: Payload, threshold: number): Promise<Payload> {
  const { metadata, data } = payload;
  if (!data || data.length < threshold) return payload;
  if (data.length > largestPayload)
    throw new PayloadRefused(
      `a message of ${data.length} bytes is larger than the ${largestPayload} that one may have`,
    );
  return {
    metadata: { ...metadata, encoding: Buffer.from(encoding), [original]: metadata!.encoding! },
    data: await pack(data, { level: 1 }),
  };
}

/** Bytes that the payloads of one message may have together once they are decompressed. */
const largestMessage = 2 * largestPayload;

/** What is left for the payloads of one message: many small ones must not fill the memory either. */
export class Budget {
  private left = largestMessage;

  get largest(): number {
    return Math.min(largestPayload, this.left);
  }

  take(bytes: number): void {
    this.left -= bytes;
  }
}

/**
 * @throws PayloadRefused for what is no gzip, or would be larger than {@link largestPayload} or what is left of the
 * message's budget
 */
export async function decompress(payload: Payload, budget: Budget): Promise<Payload> {
  const { metadata, data } = payload;
  if (!metadata?.encoding || Buffer.from(metadata.encoding).toString() !== encoding) return payload;
  const { [original]: before, ...rest } = metadata;
  if (!before || !data) throw new PayloadRefused('a compressed message does not say how it was encoded before');
  const { largest } = budget;
  if (largest <= 0)
    throw new PayloadRefused(`the payloads of a message would be larger than ${largestMessage} bytes together`);
  const whole = await unpack(data, { maxOutputLength: largest }).catch((error: NodeJS.ErrnoException) => {
    const isTooLarge = error.code === 'ERR_BUFFER_TOO_LARGE';
    throw new PayloadRefused(
      isTooLarge
        ? `a compressed message would be larger than ${largest} bytes`
        : `a compressed message cannot be read (${error.code})`,
    );
  });
  budget.take(whole.length);
  return { metadata: { ...rest, encoding: before }, data: whole };
}
