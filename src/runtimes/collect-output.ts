import { PassThrough } from 'node:stream';

const largestOutput = 256 * 1024;

/** A sink for a command's output, and the collected text: at most 256 KiB. */
export function collectOutput(): { sink: PassThrough; text: () => string } {
  const sink = new PassThrough();
  const chunks: Buffer[] = [];
  let size = 0;
  sink.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= largestOutput) chunks.push(chunk);
  });
  return { sink, text: () => Buffer.concat(chunks).toString('utf8') };
}
