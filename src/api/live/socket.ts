import type { FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { ApiProblem, problemOf } from '../problems';
import { pause } from './environments';
import type { StreamServices } from './streams';
import { longestTopic, topicOf } from './topics';

/** The largest message of a client, in bytes: a position is the longest part of it. */
export const largestMessage = 8 * 1024;
const mostSubscriptions = 20;
/** Messages of a client in a second. */
const mostMessages = 50;
const pingEveryMs = 15_000;
/** A connection without a subscription is closed after this time. */
const idleMs = 60_000;
/** What waits in memory for a slow reader, in bytes. */
const mostWaiting = 256 * 1024;
/** A reader that takes nothing for this time is dropped. */
const slowMs = 30_000;
const lookEveryMs = 50;
/** The longest that a client may take to close its side. */
const goodbyeMs = 2000;

/** Codes of RFC 6455, and those that IANA registers. */
const closes = { idle: 1000, badMessage: 1007, policy: 1008, restart: 1012, slow: 1013 } as const;

const id = z.string().min(1).max(64);
const request = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('subscribe'),
    id,
    topic: z.string().min(1).max(longestTopic),
    after: z.string().min(1).max(6000).optional(),
    tail: z.int().min(0).max(1000).optional(),
  }),
  z.strictObject({ type: z.literal('unsubscribe'), id }),
  z.strictObject({ type: z.literal('ping') }),
]);
type Request = z.output<typeof request>;

/** One WebSocket and what it follows. */
export class Socket {
  private readonly subscriptions = new Map<string, AbortController>();
  private readonly over = new AbortController();
  private idleSince = Date.now();
  private isAlive = true;
  private second = { at: 0, count: 0 };

  constructor(
    private readonly socket: WebSocket,
    private readonly handshake: FastifyRequest,
    private readonly services: StreamServices,
  ) {}

  /** Serves the socket until it closes. */
  run(): void {
    const { socket, services, handshake } = this;
    let leave: () => void;
    try {
      leave = services.audience.admit(handshake.caller!);
    } catch (error) {
      return socket.close(closes.policy, (error as Error).message.slice(0, 120));
    }
    const beats = setInterval(() => this.beat(), pingEveryMs);
    const stop = () => {
      socket.close(closes.restart, 'this server stops; connect again');
      setTimeout(() => socket.terminate(), goodbyeMs).unref();
    };
    services.audience.stopped.addEventListener('abort', stop, { once: true });
    void services.metrics.countStream(
      new Promise((resolve) =>
        socket.once('close', () => {
          clearInterval(beats);
          services.audience.stopped.removeEventListener('abort', stop);
          this.over.abort();
          for (const each of this.subscriptions.values()) each.abort();
          leave();
          resolve();
        }),
      ),
    );
    socket.on('pong', () => (this.isAlive = true));
    socket.on('error', () => socket.terminate());
    socket.on('message', (bytes, isBinary) => this.take(isBinary ? undefined : textOf(bytes)));
  }

  /** Finds connections that are dead or that nobody uses. */
  private beat(): void {
    if (!this.isAlive) return this.socket.terminate();
    if (this.subscriptions.size === 0 && Date.now() - this.idleSince > idleMs)
      return this.socket.close(closes.idle, 'nothing was followed for a minute');
    this.isAlive = false;
    this.socket.ping();
  }

  private take(text: string | undefined): void {
    if (!this.isInRate()) return this.socket.close(closes.policy, `at most ${mostMessages} messages a second`);
    const message = text === undefined ? undefined : requestIn(text);
    if (!message) return this.socket.close(closes.badMessage, 'this is not a message of docs/api.md');
    void this.perform(message).catch(() => this.socket.terminate());
  }

  private isInRate(): boolean {
    const now = Date.now();
    if (now - this.second.at >= 1000) this.second = { at: now, count: 0 };
    this.second.count += 1;
    return this.second.count <= mostMessages;
  }

  private async perform(message: Request): Promise<void> {
    if (message.type === 'ping') return void (await this.send({ type: 'pong' }));
    if (message.type === 'unsubscribe') return this.subscriptions.get(message.id)?.abort();
    try {
      await this.follow(message);
    } catch (error) {
      await this.send({ type: 'problem', id: message.id, problem: problemOf(error) });
    }
  }

  private async follow({ id: name, topic: text, after, tail }: Extract<Request, { type: 'subscribe' }>): Promise<void> {
    const { subscriptions, services, handshake } = this;
    if (subscriptions.has(name)) throw new ApiProblem('bad_input', 'there is a subscription with this id');
    if (subscriptions.size >= mostSubscriptions)
      throw new ApiProblem('too_many', `a connection has at most ${mostSubscriptions} subscriptions`);
    const topic = topicOf(text);
    const stop = new AbortController();
    subscriptions.set(name, stop);
    try {
      const from = { ...(after !== undefined && { after }), ...(tail !== undefined && { tail }) };
      for await (const { name: kind, id: position, data } of services.audience.follow(
        handshake,
        topic,
        from,
        stop.signal,
      ))
        if (!(await this.send({ type: kind, id: name, ...(position !== undefined && { position }), data }))) return;
      await this.send({ type: 'unsubscribed', id: name });
    } finally {
      subscriptions.delete(name);
      this.idleSince = Date.now();
    }
  }

  /** Waits while the reader is slow. False if it has gone, or takes nothing. */
  private async send(message: object): Promise<boolean> {
    const { socket } = this;
    const since = Date.now();
    while (socket.readyState === socket.OPEN && socket.bufferedAmount > mostWaiting) {
      if (Date.now() - since > slowMs) {
        socket.close(closes.slow, 'you read too slowly; resume after the last message that you have');
        setTimeout(() => socket.terminate(), goodbyeMs).unref();
        return false;
      }
      await pause(lookEveryMs, this.over.signal);
    }
    if (socket.readyState !== socket.OPEN) return false;
    socket.send(JSON.stringify(message));
    return true;
  }
}

function textOf(bytes: Buffer | ArrayBuffer | Buffer[]): string {
  return Buffer.isBuffer(bytes) ? bytes.toString('utf8') : '';
}

function requestIn(text: string): Request | undefined {
  try {
    return request.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
