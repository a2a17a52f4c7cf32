import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../guard/monotonic';
import { ChannelKey, type SealedChannel } from '../guard/sealed-channel';
import {
  aliveEveryMs,
  kinds,
  largestPiece,
  largestStream,
  pauseAfter,
  readAgainIn,
  type TerminalSize,
} from '../model/session';
import { BadRequest } from '../temporal/errors';

export interface SessionOptions {
  /** Input of the command; absent: it gets none. */
  input?: AsyncIterable<Buffer>;
  /** Set: the command runs on a terminal of this size. */
  terminal?: TerminalSize;
  onOutput: (stream: 'stdout' | 'stderr', bytes: Buffer) => void;
}

/** How sealed messages get to the worker and back. */
export interface SessionPath {
  /** The messages of the command from an index on, as many as one answer may hold. */
  read(from: number): Promise<string[]>;
  send(sealed: string): Promise<void>;
  /** Resolves when the command has ended. */
  result(): Promise<{ exitCode: number }>;
}

/** A command that runs in an instance. Its input and output are encrypted for the two ends. */
export class CommandSession {
  private channel?: SealedChannel;
  private read = 0;
  private sent = 0;
  private activeAt = monotonicMs();
  private readonly begunAt = monotonicMs();
  private size = 0;
  private sending: Promise<void> = Promise.resolve();
  private reading = Promise.resolve(false);

  constructor(
    private readonly path: SessionPath,
    private readonly key: ChannelKey,
    private readonly options: SessionOptions,
  ) {}

  /**
   * Passes input and output on until the command has ended; resolves with its exit code once it has passed on all
   * output.
   * @throws BadRequest if there is more input than a session passes on
   */
  async exitCode(): Promise<number> {
    const over = new AbortController();
    const result = this.path.result();
    try {
      await Promise.race([
        result,
        this.passOutput(over.signal),
        this.passInput(over.signal),
        this.reportAlive(over.signal),
      ]);
      const { exitCode } = await result;
      await this.takeAllOutput();
      return exitCode;
    } catch (error) {
      await this.hangUp().catch(() => undefined);
      await this.takeAllOutput().catch(() => undefined);
      throw error;
    } finally {
      over.abort();
    }
  }

  /** Tells the command the new size of the terminal. */
  async resize({ columns, rows }: TerminalSize): Promise<void> {
    const size = Buffer.alloc(4);
    size.writeUInt16BE(Math.min(columns, 0xffff), 0);
    size.writeUInt16BE(Math.min(rows, 0xffff), 2);
    await this.send(kinds.size, size);
  }

  /** Ends the command. */
  async hangUp(): Promise<void> {
    await this.send(kinds.hangUp);
  }

  private async passOutput(signal: AbortSignal): Promise<never> {
    for (;;) {
      if (await this.takeOutput()) this.activeAt = monotonicMs();
      await sleep(readAgainIn(monotonicMs() - this.activeAt), undefined, { signal });
    }
  }

  /** One answer holds a part of what is left only. */
  private async takeAllOutput(): Promise<void> {
    while (await this.takeOutput());
  }

  /** One read at a time: messages can be opened only once, and in their order. */
  private takeOutput(): Promise<boolean> {
    this.reading = this.reading.catch(() => false).then(() => this.readOutput());
    return this.reading;
  }

  private async readOutput(): Promise<boolean> {
    const messages = await this.path.read(this.read);
    for (const message of messages) this.take(message);
    return messages.length > 0;
  }

  private take(message: string): void {
    this.read += 1;
    if (!this.channel) {
      this.channel = this.key.channel('client', message);
      return;
    }
    const bytes = this.channel.open(message);
    if (bytes[0] === kinds.stdout) this.options.onOutput('stdout', bytes.subarray(1));
    if (bytes[0] === kinds.stderr) this.options.onOutput('stderr', bytes.subarray(1));
  }

  private async passInput(signal: AbortSignal): Promise<never> {
    const { input } = this.options;
    await this.begun(signal);
    if (input) {
      for await (const pieces of gathered(input, () => pauseAfter(this.sent, monotonicMs() - this.begunAt))) {
        this.activeAt = monotonicMs();
        await this.sendInput(pieces);
      }
      await this.send(kinds.endOfInput);
    }
    return new Promise<never>(() => undefined);
  }

  private async sendInput(bytes: Buffer): Promise<void> {
    this.size += bytes.length;
    if (this.size > largestStream)
      throw new BadRequest(
        `the input is larger than ${largestStream / 1024 / 1024} MiB, the most that exec passes on; ` +
          'the command was ended. Copy the file to the host, or mount it',
      );
    for (let from = 0; from < bytes.length; from += largestPiece)
      await this.send(kinds.input, bytes.subarray(from, from + largestPiece));
  }

  private async reportAlive(signal: AbortSignal): Promise<never> {
    await this.begun(signal);
    for (;;) {
      await this.send(kinds.alive);
      await sleep(aliveEveryMs, undefined, { signal });
    }
  }

  /** Resolves when the command runs. */
  private async begun(signal: AbortSignal): Promise<void> {
    while (!this.channel) await sleep(10, undefined, { signal });
  }

  /** Messages are sent one after the other: each one can be opened only after its predecessor. */
  private send(kind: number, content: Buffer = Buffer.alloc(0)): Promise<void> {
    const next = this.sending.then(async () => {
      if (!this.channel) return;
      if (kind !== kinds.alive) this.sent += 1;
      const sealed = this.channel.seal(Buffer.concat([Buffer.from([kind]), content]));
      await this.path.send(sealed);
    });
    this.sending = next.catch(() => undefined);
    return next;
  }
}

/** Bytes that arrive during a pause as one piece: each piece is a message. */
async function* gathered(input: AsyncIterable<Buffer>, pauseMs: () => number): AsyncGenerator<Buffer> {
  let waiting: Buffer[] = [];
  let size = 0;
  let isOver = false;
  let failure: unknown;
  let wake: () => void = () => undefined;
  let goOn: () => void = () => undefined;
  void (async () => {
    for await (const bytes of input) {
      waiting.push(bytes);
      size += bytes.length;
      wake();
      if (size > largestPiece) await new Promise<void>((resolve) => (goOn = resolve));
    }
  })()
    .catch((error: unknown) => (failure = error))
    .finally(() => ((isOver = true), wake()));
  while (!isOver || waiting.length > 0) {
    if (waiting.length === 0) {
      await new Promise<void>((resolve) => (wake = resolve));
      continue;
    }
    const pieces = Buffer.concat(waiting);
    waiting = [];
    size = 0;
    goOn();
    yield pieces;
    if (!isOver) await sleep(pauseMs());
  }
  if (failure) throw failure;
}
