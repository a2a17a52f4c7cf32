import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Payload } from '@temporalio/common';
import { PayloadRefused } from './refused';

const encoding = 'binary/gzip';
/** Metadata key of the payload's original encoding. */
const original = 'deploy-code-encoding';

/** In bytes. Temporal accepts 2 MB after compression; 5,000 services are about 8 MB before. */
export const largestPayload = 32 * 1024 * 1024;

const pack = promisify(gzip);
const unpack = promisify(gunzip);

/**
 * Compresses payloads from a size on; stacks and observations shrink to a tenth.
 * @throws PayloadRefused for a payload that is too large to be decompressed again
 */
export async function compress(payload: Payload, threshold: number): Promise<Payload> {
  const { metadata, data } = payload;
  if (!data || data.length < threshold) return payload;
  if (data.length > largestPayload)
    throw new PayloadRefused(`a message has ${data.length} bytes, more than the allowed ${largestPayload}`);
  return {
    metadata: { ...metadata, encoding: Buffer.from(encoding), [original]: metadata!.encoding! },
    data: await pack(data, { level: 1 }),
  };
}

/** In bytes: the decompressed payloads of one message together. */
const largestMessage = 2 * largestPayload;

/** Remaining bytes for the payloads of one message, so that many small ones cannot fill the memory. */
export class Budget {
  private remaining = largestMessage;

  get largest(): number {
    return Math.min(largestPayload, this.remaining);
  }

  take(bytes: number): void {
    this.remaining -= bytes;
  }
}

/** @throws PayloadRefused if the data is not gzip, or larger than {@link largestPayload} or the remaining budget */
export async function decompress(payload: Payload, budget: Budget): Promise<Payload> {
  const { metadata, data } = payload;
  if (!metadata?.encoding || Buffer.from(metadata.encoding).toString() !== encoding) return payload;
  const { [original]: before, ...rest } = metadata;
  if (!before || !data) throw new PayloadRefused('a compressed message lacks its original encoding');
  const { largest } = budget;
  if (largest <= 0)
    throw new PayloadRefused(`the payloads of a message exceed ${largestMessage} bytes when decompressed`);
  const whole = await unpack(data, { maxOutputLength: largest }).catch((error: NodeJS.ErrnoException) => {
    const isTooLarge = error.code === 'ERR_BUFFER_TOO_LARGE';
    throw new PayloadRefused(
      isTooLarge
        ? `a message exceeds ${largest} bytes when decompressed`
        : `a compressed message cannot be read (${error.code})`,
    );
  });
  budget.take(whole.length);
  return { metadata: { ...rest, encoding: before }, data: whole };
}
