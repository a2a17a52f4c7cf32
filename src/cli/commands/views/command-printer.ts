import { StringDecoder } from 'node:string_decoder';
import { complainRaw, complainText, printRaw, printText } from '../../output/terminal';

type Stream = 'stdout' | 'stderr';

/** Prints the output of a command as it comes: escaped, or unchanged. */
export class CommandPrinter {
  /** A character may come in two pieces. */
  private readonly decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') };

  constructor(private readonly isRaw: boolean) {}

  take(stream: Stream, bytes: Buffer): void {
    if (this.isRaw) (stream === 'stdout' ? printRaw : complainRaw)(bytes);
    else this.print(stream, this.decoders[stream].write(bytes));
  }

  end(): void {
    for (const stream of ['stdout', 'stderr'] as const) this.print(stream, this.decoders[stream].end());
  }

  private print(stream: Stream, text: string): void {
    if (text !== '') (stream === 'stdout' ? printText : complainText)(text);
  }
}
