import { EventEmitter } from 'node:events';

/** One message of a topic. */
export interface LiveMessage {
  name: 'event' | 'plan' | 'state' | 'instances' | 'lines' | 'away' | 'end' | 'slow';
  /** Where a client resumes that has this message and all before it. */
  id?: string;
  data: unknown;
}

/** What the reader of a topic calls. */
export interface Publisher {
  /** Adds a message that every follower gets, in this order. */
  append(message: LiveMessage): void;
  /** Replaces what is so now; who comes later gets the last one of each name. */
  present(name: LiveMessage['name'], data: unknown): void;
  /** The topic has ended. */
  end(data: unknown): void;
}

/** Reads a topic until it ends or nobody follows it. @throws Error if it cannot be read */
export type Read = (publisher: Publisher, signal: AbortSignal) => Promise<void>;

/** A topic, read once however many follow it. */
export class Source extends EventEmitter implements Publisher {
  followers = 0;
  private readonly kept: { message: LiveMessage; size: number }[] = [];
  /** Messages that are no longer kept. */
  private dropped = 0;
  private size = 0;
  private readonly now = new Map<LiveMessage['name'], LiveMessage>();
  private ending?: LiveMessage;
  private isOver = false;
  private readonly stop = new AbortController();

  /** `mostBytes`: what is kept for those who are behind. */
  constructor(
    private readonly reader: Read,
    private readonly mostBytes = Infinity,
  ) {
    super();
    this.setMaxListeners(0);
  }

  async run(): Promise<void> {
    try {
      await this.reader(this, this.stop.signal);
    } finally {
      this.isOver = true;
      this.emit('change');
    }
  }

  abandon(): void {
    this.stop.abort();
  }

  append(message: LiveMessage): void {
    const size = this.mostBytes === Infinity ? 0 : JSON.stringify(message.data).length;
    this.kept.push({ message, size });
    this.size += size;
    while (this.size > this.mostBytes && this.kept.length > 1) {
      this.size -= this.kept.shift()!.size;
      this.dropped += 1;
    }
    this.emit('change');
  }

  present(name: LiveMessage['name'], data: unknown): void {
    const last = this.now.get(name)?.data;
    if (last === data || JSON.stringify(last) === JSON.stringify(data)) return;
    this.now.set(name, { name, data });
    this.emit('change');
  }

  end(data: unknown): void {
    this.ending = { name: 'end', data };
  }

  /** The number of messages so far. */
  get length(): number {
    return this.dropped + this.kept.length;
  }

  /** The number of messages up to the one with this id; undefined if that is not kept. */
  after(id: string): number | undefined {
    const index = this.kept.findLastIndex(({ message }) => message.id === id);
    return index === -1 ? undefined : this.dropped + index + 1;
  }

  /** True while everything is kept from the beginning. */
  protected get isWhole(): boolean {
    return this.dropped === 0;
  }

  protected get hasPresented(): boolean {
    return this.now.size > 0;
  }

  /** The kept messages. */
  protected get history(): LiveMessage[] {
    return this.kept.map(({ message }) => message);
  }

  /** Yields the messages after the first `seen`, and what is so now, until the topic ends or the signal aborts. */
  async *follow(seen: number, signal: AbortSignal): AsyncGenerator<LiveMessage> {
    const told = new Map<LiveMessage['name'], LiveMessage>();
    for (let next = seen; !signal.aborted;) {
      // Not by a copy: each of thousands of slow readers would keep one.
      if (next < this.dropped) return yield slow;
      const message = this.kept[next - this.dropped]?.message;
      const news = message ?? [...this.now.values()].find((each) => told.get(each.name) !== each);
      if (message) next += 1;
      else if (news) told.set(news.name, news);
      if (news) yield news;
      else if (!this.isOver) await this.change(signal);
      else return this.ending && (yield this.ending);
    }
  }

  /** Resolves with the next change, or when the signal aborts. */
  private change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.off('change', done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      this.on('change', done);
      signal.addEventListener('abort', done, { once: true });
    });
  }
}

const slow: LiveMessage = {
  name: 'slow',
  data: { detail: 'you read more slowly than this topic writes; resume after the last message that you have' },
};

/** A topic that was looked up. */
export interface Found {
  key: string;
  /** After how many messages of a source somebody begins; undefined if that source cannot serve them. */
  seenIn: (source: Source) => number | undefined;
  open: () => Source;
  /** What is sent before that. */
  before?: (source: Source) => LiveMessage[];
}
