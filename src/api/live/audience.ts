import type { FastifyRequest } from 'fastify';
import { identify } from '../access/admission';
import { requirePermission } from '../access/authorise';
import type { AccessDirectory, Caller } from '../access/directory';
import { ApiProblem } from '../problems';
import { whileReachable } from '../reach';
import type { Live, LiveMessage } from './index';
import { topicRules, type From, type Topic } from './topics';

/** A role that is withdrawn or a token that is revoked ends what is followed by it, at most this much later. */
const checkEveryMs = 1000;
/** Streams that one subject has open at a time, at one server. */
const streamsOfCaller = 100;

/** Those who follow topics at this server. */
export class Audience {
  private readonly streams = new Map<string, number>();
  private readonly closing = new AbortController();

  constructor(
    private readonly live: Live,
    private readonly access: AccessDirectory,
    private readonly most = streamsOfCaller,
  ) {}

  /** Aborts when the server stops. */
  get stopped(): AbortSignal {
    return this.closing.signal;
  }

  /** Ends every stream; their readers go on at another server. */
  close(): void {
    this.closing.abort();
    this.live.close();
  }

  /** Counts a stream of a caller until the function that it returns is called. @throws ApiProblem if there are many */
  admit({ subject }: Caller): () => void {
    const open = this.streams.get(subject) ?? 0;
    if (open >= this.most)
      throw new ApiProblem('too_many', `${subject} has ${open} streams open; close one of them, or wait`);
    this.streams.set(subject, open + 1);
    let isOpen = true;
    return () => {
      if (!isOpen) return;
      isOpen = false;
      const left = this.streams.get(subject)! - 1;
      if (left > 0) this.streams.set(subject, left);
      else this.streams.delete(subject);
    };
  }

  /** @throws ApiProblem if the caller may not follow a topic */
  require(caller: Caller, topic: Topic): void {
    requirePermission(caller, topicRules[topic.kind].action, topic.place);
  }

  /**
   * The messages of a topic, until it ends or the signal aborts.
   * @throws ApiProblem as soon as whoever made the request may not follow it any more
   */
  async *follow(request: FastifyRequest, topic: Topic, from: From, signal: AbortSignal): AsyncGenerator<LiveMessage> {
    this.require(await identify(request, this.access), topic);
    const lost = new AbortController();
    const over = new AbortController();
    const check = setInterval(() => {
      identify(request, this.access)
        .then((caller) => this.require(caller, topic))
        .catch((error: unknown) => lost.abort(error));
    }, checkEveryMs);
    check.unref();
    const ends = [signal, this.closing.signal, lost.signal, over.signal];
    const messages = this.live.follow(topic, from, AbortSignal.any(ends));
    try {
      let next = await this.begun(() => messages.next());
      for (; !next.done && !lost.signal.aborted; next = await messages.next()) yield next.value;
    } finally {
      clearInterval(check);
      over.abort();
      // Not awaited: what it waits for now may take its time while the engine is away.
      void messages.return(undefined).catch(() => undefined);
    }
    if (lost.signal.aborted && !signal.aborted) throw lost.signal.reason;
  }

  /** The first message of a topic may be long in coming; an engine that is away is told at once. */
  private begun<T>(work: () => Promise<T>): Promise<T> {
    return whileReachable(() => this.access.check(), work);
  }
}
