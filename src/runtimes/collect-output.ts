import { PassThrough } from 'node:stream';

const largestOutput = 256 * 1024;

/** Where a command's output goes, and what has come of it so far: at most 256 KiB. */
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
