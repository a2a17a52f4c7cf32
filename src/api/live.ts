import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeploymentHandle } from '../client';
import type { Progress } from '../workflows/messages';

/** One event of a stream: its number, which a client names to resume after it, and its name and data. */
export interface LiveEvent {
  id: number;
  name: 'event' | 'status' | 'end';
  data: unknown;
}

/** Events of a deployment, read once however many follow it. */
class Source extends EventEmitter {
  readonly events: LiveEvent[] = [];
  isOver = false;
  private readonly stop = new AbortController();

  constructor(private readonly handle: DeploymentHandle) {
    super();
    this.setMaxListeners(0);
  }

  /** Reads until the deployment ends, or nobody follows it. @throws Error if it cannot be read */
  async run(): Promise<void> {
    let status: string | undefined;
    for await (const page of this.handle.watch(this.stop.signal)) {
      for (const event of page.events) this.add('event', event);
      if (page.status !== status) this.add('status', statusOf(page));
      status = page.status;
    }
    if (!this.stop.signal.aborted) this.add('end', { status });
  }

  end(): void {
    this.isOver = true;
    this.emit('change');
  }

  abandon(): void {
    this.stop.abort();
  }

  private add(name: LiveEvent['name'], data: unknown): void {
    this.events.push({ id: this.events.length + 1, name, data });
    this.emit('change');
  }
}

/** The parts of a deployment's progress that change with its status. */
function statusOf({ status, deployment, behind, held, question, approvals, failure, cause }: Progress): unknown {
  return { status, deployment, behind, held, question, approvals, failure, cause };
}

/** A source stays for this time after the last one has left, for those who come back after a lost connection. */
const lingerMs = 10_000;

/** Live events of deployments. */
export class Live {
  private readonly sources = new Map<string, { source: Source; followers: number }>();

  constructor(private readonly onFailure: (error: Error) => void) {}

  /** The number of deployments that are read now. */
  get size(): number {
    return this.sources.size;
  }

  /** Yields the events after a number, until the deployment ends or the signal aborts. */
  async *follow(handle: DeploymentHandle, after: number, signal: AbortSignal): AsyncGenerator<LiveEvent> {
    const entry = this.join(handle);
    try {
      for (let seen = after; ;) {
        for (const event of entry.source.events.slice(seen)) {
          if (signal.aborted) return;
          yield event;
          seen = event.id;
        }
        if (entry.source.isOver && seen >= entry.source.events.length) return;
        if (seen >= entry.source.events.length) await changeOf(entry.source, signal);
        if (signal.aborted) return;
      }
    } finally {
      void this.leave(handle.id, entry);
    }
  }

  private join(handle: DeploymentHandle): { source: Source; followers: number } {
    const known = this.sources.get(handle.id);
    if (known) {
      known.followers += 1;
      return known;
    }
    const entry = { source: new Source(handle), followers: 1 };
    this.sources.set(handle.id, entry);
    void entry.source
      .run()
      .catch(this.onFailure)
      .finally(() => entry.source.end());
    return entry;
  }

  private async leave(id: string, entry: { source: Source; followers: number }): Promise<void> {
    entry.followers -= 1;
    await sleep(lingerMs, undefined, { ref: false });
    if (entry.followers > 0 || this.sources.get(id) !== entry) return;
    this.sources.delete(id);
    entry.source.abandon();
  }
}

function changeOf(source: Source, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      source.off('change', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    source.on('change', done);
    signal.addEventListener('abort', done, { once: true });
  });
}
