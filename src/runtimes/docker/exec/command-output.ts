import type { Duplex } from 'node:stream';

const headerLength = 8;

/**
 * Collects the output of a command, at most `largest` bytes, and discards the rest. Docker frames stdout and stderr:
 * one byte for the stream, three of padding, four for the length.
 */
export class CommandOutput {
  private readonly chunks: Buffer[] = [];
  private kept = 0;
  private header = Buffer.alloc(0);
  private remaining = 0;

  constructor(
    stream: Duplex,
    private readonly largest: number,
  ) {
    stream.on('data', (chunk: Buffer) => this.take(chunk));
  }

  text(): string {
    return Buffer.concat(this.chunks).toString('utf8');
  }

  private take(chunk: Buffer): void {
    for (let rest = chunk; rest.length > 0;) rest = this.remaining > 0 ? this.takeContent(rest) : this.takeHeader(rest);
  }

  private takeContent(bytes: Buffer): Buffer {
    const content = bytes.subarray(0, this.remaining);
    const wanted = content.subarray(0, this.largest - this.kept);
    if (wanted.length > 0) this.chunks.push(Buffer.from(wanted));
    this.kept += wanted.length;
    this.remaining -= content.length;
    return bytes.subarray(content.length);
  }

  private takeHeader(bytes: Buffer): Buffer {
    const missing = headerLength - this.header.length;
    this.header = Buffer.concat([this.header, bytes.subarray(0, missing)]);
    if (this.header.length === headerLength) {
      this.remaining = this.header.readUInt32BE(4);
      this.header = Buffer.alloc(0);
    }
    return bytes.subarray(missing);
  }
}
