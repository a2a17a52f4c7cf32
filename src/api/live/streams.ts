import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ApiMetrics } from '../metrics';
import type { Audience } from './audience';
import { StreamAnswer, writeMessages, type Sent } from './server-sent';
import type { From, StreamType, Topic } from './topics';

/** What the routes of streams share. */
export interface StreamServices {
  audience: Audience;
  metrics: ApiMetrics;
}

const headers = { 'x-content-type-options': 'nosniff' };

/**
 * Answers a request with a stream. A problem before the first message is an answer of its own. `write` gets a signal
 * that aborts when the reader goes.
 */
export async function answerStream(
  { audience, metrics }: StreamServices,
  request: FastifyRequest,
  reply: FastifyReply,
  type: StreamType,
  write: (answer: () => StreamAnswer, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const leave = audience.admit(request.caller!);
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const answer = () => {
    reply.hijack();
    void metrics.countStream(new Promise((resolve) => reply.raw.once('close', resolve)));
    return new StreamAnswer(reply.raw, type, headers);
  };
  await write(answer, gone.signal).finally(leave);
}

/** Answers with one topic. */
export function answerTopic(
  services: StreamServices,
  request: FastifyRequest,
  reply: FastifyReply,
  type: StreamType,
  { topic, from, greeting }: { topic: Topic; from: From; greeting?: string },
): Promise<void> {
  return answerStream(services, request, reply, type, async (answer, signal) => {
    const messages = services.audience.follow(request, topic, from, signal);
    const first = await messages.next();
    const stream = answer();
    if (greeting !== undefined && type === 'text/event-stream') stream.comment(greeting);
    await writeMessages(stream, withFirst(first, messages));
  });
}

async function* withFirst(first: IteratorResult<Sent>, rest: AsyncGenerator<Sent>): AsyncGenerator<Sent> {
  try {
    if (!first.done) yield first.value;
    if (!first.done) yield* rest;
  } finally {
    void rest.return(undefined).catch(() => undefined);
  }
}

/** The type that a client prefers of those that a route has; the first one by default. */
export function preferredType({ headers: given }: FastifyRequest, types: readonly StreamType[]): StreamType {
  const wanted = (given.accept ?? '').split(',').map((each) => each.split(';')[0]!.trim().toLowerCase());
  return wanted.flatMap((each) => types.filter((type) => type === each))[0] ?? types[0]!;
}
