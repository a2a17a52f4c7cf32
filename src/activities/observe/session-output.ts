import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../guard/monotonic';
import type { SealedChannel } from '../../guard/sealed-channel';
import { kinds, largestPiece, largestStream, pauseAfter } from '../../model/session';
import { SoftwareFault } from '../failures';

type Stream = 'stdout' | 'stderr';

export interface SessionOutputOptions {
  /** Hides secrets in a text. */
  mask: (text: string) => string;
  send: (sealed: string) => Promise<void>;
}

/** Sends the output of a command to its client: a few messages per second, whatever the command prints. */
export class SessionOutput {
  private waiting: { stream: Stream; bytes: Buffer }[] = [];
  private size = 0;
  private sent = 0;
  private readonly begunAt = monotonicMs();
  private wake: () => void = () => undefined;
  private sending: Promise<void> = Promise.resolve();

  constructor(
    private readonly channel: SealedChannel,
    private readonly options: SessionOutputOptions,
  ) {}

  readonly take = (stream: Stream, bytes: Buffer): void => {
    this.size += bytes.length;
    if (this.size <= largestStream) this.waiting.push({ stream, bytes });
    this.wake();
  };

  /** @throws SoftwareFault if the command prints too much */
  async pass(signal: AbortSignal): Promise<never> {
    for (;;) {
      if (this.waiting.length === 0) await new Promise<void>((resolve) => (this.wake = resolve));
      await this.sendWaiting();
      this.requireSize();
      await sleep(pauseAfter(this.sent, monotonicMs() - this.begunAt), undefined, { signal });
    }
  }

  /** Sends the rest, after the end of the command. */
  async finish(): Promise<void> {
    await this.sending;
    await this.sendWaiting();
    this.requireSize();
  }

  private sendWaiting(): Promise<void> {
    this.sending = this.sending.then(async () => {
      for (const { stream, bytes } of joined(this.waiting.splice(0))) await this.send(stream, this.masked(bytes));
    });
    return this.sending;
  }

  private async send(stream: Stream, bytes: Buffer): Promise<void> {
    for (let from = 0; from < bytes.length; from += largestPiece) {
      const piece = Buffer.concat([Buffer.from([kinds[stream]]), bytes.subarray(from, from + largestPiece)]);
      this.sent += 1;
      await this.options.send(this.channel.seal(piece));
    }
  }

  /** Bytes without secrets stay as they are, also if they are no text. */
  private masked(bytes: Buffer): Buffer {
    const text = bytes.toString('utf8');
    const masked = this.options.mask(text);
    return masked === text ? bytes : Buffer.from(masked);
  }

  private requireSize(): void {
    if (this.size > largestStream)
      throw new SoftwareFault(
        `the command printed more than ${largestStream / 1024 / 1024} MiB and was ended; ` +
          'write its output to a file in the instance, or print less',
      );
  }
}

/** Neighbours of the same stream as one: a secret is found also where the command printed it in pieces. */
function joined(pieces: { stream: Stream; bytes: Buffer }[]): { stream: Stream; bytes: Buffer }[] {
  const groups: { stream: Stream; bytes: Buffer[] }[] = [];
  for (const { stream, bytes } of pieces) {
    const last = groups.at(-1);
    if (last?.stream === stream) last.bytes.push(bytes);
    else groups.push({ stream, bytes: [bytes] });
  }
  return groups.map(({ stream, bytes }) => ({ stream, bytes: Buffer.concat(bytes) }));
}
