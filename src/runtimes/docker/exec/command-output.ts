import type { Duplex } from 'node:stream';
import type { ExecResult } from '../../runtime';
import { OutputFrames } from './output-frames';

/** Collects the output of a command, at most `largest` bytes, and discards the rest. */
export class CommandOutput {
  private readonly chunks: Buffer[] = [];
  private kept = 0;
  private isCut = false;

  constructor(
    stream: Duplex,
    private readonly largest: number,
  ) {
    const frames = new OutputFrames((_, bytes) => this.keep(bytes));
    stream.on('data', (chunk: Buffer) => frames.take(chunk));
  }

  result(): Omit<ExecResult, 'exitCode'> {
    const output = Buffer.concat(this.chunks).toString('utf8');
    return { output, ...(this.isCut && { isCut: true }) };
  }

  private keep(bytes: Buffer): void {
    const wanted = bytes.subarray(0, this.largest - this.kept);
    if (wanted.length > 0) this.chunks.push(Buffer.from(wanted));
    this.kept += wanted.length;
    this.isCut ||= wanted.length < bytes.length;
  }
}
