/** The least time between two batches, in ms: thousands of events arrive at once when a page is opened. */
const drawEveryMs = 120;

/** Collects items, and passes them on in batches. */
export class Batches<T> {
  private arrived: T[] = [];
  private timer?: ReturnType<typeof setTimeout>;

  constructor(private readonly draw: (batch: T[]) => void) {}

  add(...items: T[]): void {
    this.arrived.push(...items);
    this.timer ??= setTimeout(() => this.flush(), drawEveryMs);
  }

  /** Passes on the collected items now. */
  flush(): void {
    const batch = this.arrived;
    this.clear();
    if (batch.length > 0) this.draw(batch);
  }

  /** Drops the collected items. */
  clear(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.arrived = [];
  }
}
