import { PassThrough } from 'node:stream';

const largestOutput = 256 * 1024;

/** A sink for a command's output, and the collected text: at most 256 KiB. */
export function collectOutput(): { sink: PassThrough; text: () => string } {
  const sink = new PassThrough();
  const chunks: Buffer[] = [];
  let size = 0;
  sink.on('data', (chunk: Buffer) => {
    const kept = chunk.subarray(0, largestOutput - size);
    size += kept.length;
    if (kept.length > 0) chunks.push(kept);
  });
  return { sink, text: () => Buffer.concat(chunks).toString('utf8') };
}
