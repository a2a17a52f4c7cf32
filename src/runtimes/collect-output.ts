import type { ExecResult } from './runtime';

const largestOutput = 256 * 1024;

/** Collects the output of a command, at most 256 KiB, and discards the rest. */
export class CollectedOutput {
  private readonly chunks: Buffer[] = [];
  private size = 0;
  private isCut = false;

  take(bytes: Buffer): void {
    const kept = bytes.subarray(0, largestOutput - this.size);
    // A copy: what the bytes are a part of may be much larger.
    if (kept.length > 0) this.chunks.push(Buffer.from(kept));
    this.size += kept.length;
    this.isCut ||= kept.length < bytes.length;
  }

  get result(): Omit<ExecResult, 'exitCode'> {
    const output = Buffer.concat(this.chunks).toString('utf8');
    return { output, ...(this.isCut && { isCut: true }) };
  }
}
