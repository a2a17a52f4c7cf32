import { setTimeout as sleep } from 'node:timers/promises';
import type { DeploymentHandle, DirectClient } from '../../client';
import { find } from '../routes/deployment-of';
import { lastReleaseIfAny, requireServices } from '../routes/release-of';
import { readDeployment } from './deployments';
import { readEnvironment } from './environments';
import { LogSource } from './logs';
import { numberOf } from './position';
import { Source, type Found, type LiveMessage, type Read } from './source';
import type { From, Topic } from './topics';

export type { LiveMessage } from './source';

/** A source stays for this time after the last one has left, for those who come back after a lost connection. */
const lingerMs = 10_000;
/** More events than a deployment has: only its status is read. */
const largestCount = 1_000_000_000;

/** Topics that are followed live. */
export class Live {
  private readonly sources = new Map<string, Source[]>();
  /** Deployments that are looked for, by their ids. */
  private readonly looking = new Map<string, Promise<unknown>>();

  constructor(
    private readonly client: DirectClient,
    private readonly onFailure: (error: Error) => void,
  ) {}

  /** The number of sources that are read now. */
  get size(): number {
    return [...this.sources.values()].reduce((sum, each) => sum + each.length, 0);
  }

  /**
   * Yields the messages of a topic until it ends or the signal aborts.
   * @throws ApiProblem if there is no such deployment, or the position is none
   */
  async *follow(topic: Topic, from: From, signal: AbortSignal): AsyncGenerator<LiveMessage> {
    const { key, seenIn, open, before } = await this.found(topic, from);
    const known = (this.sources.get(key) ?? []).find((each) => seenIn(each) !== undefined);
    const source = known ?? this.open(key, open());
    source.followers += 1;
    try {
      if (source instanceof LogSource) await orAborted(source.ready, signal);
      const seen = seenIn(source) ?? 0;
      for (const message of before?.(source) ?? []) if (!signal.aborted) yield message;
      yield* source.follow(seen, signal);
    } finally {
      void this.leave(key, source);
    }
  }

  /** Stops reading; those who follow go on at another server. */
  close(): void {
    for (const sources of this.sources.values()) for (const source of sources) source.abandon();
    this.sources.clear();
  }

  /** How a source of a topic is opened, and after how many messages of it somebody begins. */
  private async found(topic: Topic, from: From): Promise<Found> {
    const { client } = this;
    const pace = () => this.size;
    switch (topic.kind) {
      case 'deployment': {
        const seen = from.after === undefined ? 0 : numberOf(from.after);
        const handle = await find(client, { ...topic.place, deployment: topic.deployment });
        if (!this.sources.has(handle.id)) await this.look(handle);
        return found(handle.id, readDeployment(handle), () => seen);
      }
      case 'environment': {
        const { stack, environment } = topic.place;
        return found(`environment:${stack}/${environment}`, readEnvironment(client, topic.place, pace), () => 0);
      }
      case 'logs':
        return this.foundLogs(topic, from);
    }
  }

  /** @throws ApiProblem for services that what is deployed does not have: nothing would ever be heard of them */
  private async foundLogs(topic: Extract<Topic, { kind: 'logs' }>, from: From): Promise<Found> {
    const { place, services } = topic;
    const logs = LogSource.found(this.client, topic, from);
    if (services.length === 0 || from.after !== undefined || this.sources.has(logs.key)) return logs;
    const release = await lastReleaseIfAny({ client: this.client, params: place });
    if (release) requireServices(services, release.stack);
    return logs;
  }

  /** Asks once however many want to follow it. @throws WorkflowNotFoundError if there is no such deployment */
  private look(handle: DeploymentHandle): Promise<unknown> {
    const known = this.looking.get(handle.id);
    if (known) return known;
    const looking = handle.progress(largestCount).finally(() => this.looking.delete(handle.id));
    this.looking.set(handle.id, looking);
    return looking;
  }

  private open(key: string, source: Source): Source {
    this.sources.set(key, [...(this.sources.get(key) ?? []), source]);
    source.run().catch((error: Error) => {
      this.remove(key, source);
      this.onFailure(error);
    });
    return source;
  }

  private async leave(key: string, source: Source): Promise<void> {
    source.followers -= 1;
    await sleep(lingerMs, undefined, { ref: false });
    if (source.followers === 0) this.remove(key, source);
  }

  private remove(key: string, source: Source): void {
    const others = (this.sources.get(key) ?? []).filter((each) => each !== source);
    if (others.length > 0) this.sources.set(key, others);
    else this.sources.delete(key);
    source.abandon();
  }
}

async function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  let done = () => undefined as void;
  const aborted = new Promise<void>((resolve) => (done = resolve));
  signal.addEventListener('abort', done, { once: true });
  if (!signal.aborted) await Promise.race([promise, aborted]);
  signal.removeEventListener('abort', done);
}

function found(key: string, read: Read, seenIn: Found['seenIn']): Found {
  return { key, seenIn, open: () => new Source(read) };
}
