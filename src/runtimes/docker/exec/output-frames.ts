const headerLength = 8;
const stderr = 2;

/**
 * Splits the output of a command into its streams. Docker frames stdout and stderr: one byte for the stream, three of
 * padding, four for the length.
 */
export class OutputFrames {
  private header = Buffer.alloc(0);
  private remaining = 0;
  private stream: 'stdout' | 'stderr' = 'stdout';

  constructor(private readonly onContent: (stream: 'stdout' | 'stderr', bytes: Buffer) => void) {}

  take(chunk: Buffer): void {
    for (let rest = chunk; rest.length > 0;) rest = this.remaining > 0 ? this.takeContent(rest) : this.takeHeader(rest);
  }

  private takeContent(bytes: Buffer): Buffer {
    const content = bytes.subarray(0, this.remaining);
    this.onContent(this.stream, content);
    this.remaining -= content.length;
    return bytes.subarray(content.length);
  }

  private takeHeader(bytes: Buffer): Buffer {
    const missing = headerLength - this.header.length;
    this.header = Buffer.concat([this.header, bytes.subarray(0, missing)]);
    if (this.header.length === headerLength) {
      this.stream = this.header[0] === stderr ? 'stderr' : 'stdout';
      this.remaining = this.header.readUInt32BE(4);
      this.header = Buffer.alloc(0);
    }
    return bytes.subarray(missing);
  }
}
