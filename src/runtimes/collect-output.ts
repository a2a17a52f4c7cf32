import { PassThrough } from 'node:stream';
import type { ExecResult } from './runtime';

const largestOutput = 256 * 1024;

/** A sink for a command's output, and what was collected: at most 256 KiB. */
export function collectOutput(): { sink: PassThrough; result: () => Omit<ExecResult, 'exitCode'> } {
  const sink = new PassThrough();
  const chunks: Buffer[] = [];
  let size = 0;
  let isCut = false;
  sink.on('data', (chunk: Buffer) => {
    const kept = chunk.subarray(0, largestOutput - size);
    size += kept.length;
    isCut ||= kept.length < chunk.length;
    if (kept.length > 0) chunks.push(kept);
  });
  return { sink, result: () => ({ output: Buffer.concat(chunks).toString('utf8'), ...(isCut && { isCut }) }) };
}
