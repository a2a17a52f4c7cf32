import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DeploymentHandle } from '../client';
import { isOver } from '../client/deployment-handle';
import type { PlanSummary, Progress, ProgressEvent } from '../workflows/messages';

/** One message of a stream. Events have their numbers in the deployment, the same at every server. */
export type LiveMessage =
  | { name: 'event'; id: number; data: ProgressEvent }
  /** What the deployment does; again when pulled images have changed it. */
  | { name: 'plan'; data: PlanSummary }
  /** What the deployment waits for now; follows changes, and is not repeated for those who resume. */
  | { name: 'state'; data: LiveState }
  | { name: 'end'; data: LiveState };

type LiveState = Omit<Progress, 'events' | 'plan' | 'status'> & {
  /** `lost`: it was terminated in Temporal, or timed out there. */
  status: Progress['status'] | 'lost';
};

/** The progress of a deployment, read once however many follow it. */
class Source extends EventEmitter {
  readonly events: ProgressEvent[] = [];
  plan?: PlanSummary;
  state?: LiveState;
  isOver = false;
  followers = 0;
  private readonly stop = new AbortController();

  constructor(private readonly handle: DeploymentHandle) {
    super();
    this.setMaxListeners(0);
  }

  /** Reads until the deployment ends, or nobody follows it. @throws Error if it cannot be read */
  async run(): Promise<void> {
    let last: Progress | undefined;
    try {
      for await (const page of this.handle.watch(this.stop.signal)) {
        for (const event of page.events) this.events.push(event);
        last = page;
        if (page.plan && JSON.stringify(page.plan) !== JSON.stringify(this.plan)) this.plan = page.plan;
        const state = stateOf(page);
        if (JSON.stringify(state) !== JSON.stringify(this.state)) this.state = state;
        this.emit('change');
      }
      const isLost = last && !isOver(last) && !this.stop.signal.aborted;
      if (isLost) this.state = { ...stateOf(last!), status: 'lost' };
    } finally {
      this.isOver = true;
      this.emit('change');
    }
  }

  abandon(): void {
    this.stop.abort();
  }

  /** Resolves with the next change, or when the signal aborts. */
  change(signal: AbortSignal): Promise<void> {
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

function stateOf({ events: _events, plan: _plan, ...state }: Progress): LiveState {
  return state;
}

/** A source stays for this time after the last one has left, for those who come back after a lost connection. */
const lingerMs = 10_000;

/** Live progress of deployments. */
export class Live {
  private readonly sources = new Map<string, Source>();

  constructor(private readonly onFailure: (error: Error) => void) {}

  /** The number of deployments that are read now. */
  get size(): number {
    return this.sources.size;
  }

  /** Yields the events after a number, and the states, until the deployment ends or the signal aborts. */
  async *follow(handle: DeploymentHandle, after: number, signal: AbortSignal): AsyncGenerator<LiveMessage> {
    const source = this.join(handle);
    try {
      let seen = after;
      let state: LiveState | undefined;
      let plan: PlanSummary | undefined;
      while (!signal.aborted) {
        if (source.plan && source.plan !== plan) yield { name: 'plan', data: (plan = source.plan) };
        // Not by a copy: each of thousands of slow readers would keep one.
        while (seen < source.events.length && !signal.aborted)
          yield { name: 'event', id: (seen += 1), data: source.events[seen - 1]! };
        if (signal.aborted) return;
        if (source.state && source.state !== state) yield { name: 'state', data: (state = source.state) };
        else if (source.events.length > seen) continue;
        else if (!source.isOver) await source.change(signal);
        else return state && (yield { name: 'end', data: state });
      }
    } finally {
      void this.leave(handle.id, source);
    }
  }

  /** Stops reading; those who follow go on at another server. */
  close(): void {
    for (const source of this.sources.values()) source.abandon();
    this.sources.clear();
  }

  private join(handle: DeploymentHandle): Source {
    const source = this.sources.get(handle.id) ?? this.open(handle);
    source.followers += 1;
    return source;
  }

  private open(handle: DeploymentHandle): Source {
    const source = new Source(handle);
    this.sources.set(handle.id, source);
    source.run().catch((error: Error) => {
      if (this.sources.get(handle.id) === source) this.sources.delete(handle.id);
      this.onFailure(error);
    });
    return source;
  }

  private async leave(id: string, source: Source): Promise<void> {
    source.followers -= 1;
    await sleep(lingerMs, undefined, { ref: false });
    if (source.followers > 0 || this.sources.get(id) !== source) return;
    this.sources.delete(id);
    source.abandon();
  }
}
