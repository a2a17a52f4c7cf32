import websocket from '@fastify/websocket';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { prefix, problemResponses, streamResponse } from '../description';
import { ApiProblem, problemOf } from '../problems';
import { largestMessage, Socket } from './socket';
import { requireOwnOrigin } from '../access/origin';
import { answerStream, type StreamServices } from './streams';
import type { StreamAnswer } from './server-sent';
import { longestTopic, topicOf, type Topic } from './topics';

/** `GET /live`: topics as server-sent events, or by messages on a WebSocket. */

const mostTopics = 10;
/** Parts of an id; `-` stands for a topic that has no position yet, or none at all. */
const separator = '~';
const none = '-';
const longestId = 8000;

const query = z.object({
  topics: z
    .string()
    .min(1)
    .max(mostTopics * (longestTopic + 1))
    .describe(`topics with commas between them, at most ${mostTopics}; may be repeated`)
    .or(z.array(z.string().min(1).max(longestTopic)).max(mostTopics))
    .transform((given) => [given].flat().flatMap((each) => each.split(',')))
    .refine((topics) => topics.length <= mostTopics, `at most ${mostTopics} topics`)
    .refine((topics) => new Set(topics).size === topics.length, 'each topic once'),
  tail: z.coerce.number().int().min(0).max(1000).default(0).describe('lines of each instance from before, of logs'),
});

/** Before any hook that may refuse a handshake: it closes the connections of those that are refused. */
export async function allowWebSockets(app: FastifyInstance): Promise<void> {
  await app.register(websocket, {
    options: { maxPayload: largestMessage, perMessageDeflate: false },
    // Each socket ends by itself when the server stops, and says why.
    preClose: (done) => done(),
  });
}

/** Adds the route. Its action is `own`: each topic is checked by itself. */
export function addLive(app: FastifyInstance, services: StreamServices): void {
  app.route({
    method: 'GET',
    url: `${prefix}/live`,
    config: { action: 'own' },
    exposeHeadRoute: false,
    schema: {
      operationId: 'live',
      summary: 'Follows topics, as server-sent events; or, as a WebSocket, by messages',
      description: 'For everybody with a valid token; each topic needs the role of its action.',
      tags: ['live'],
      querystring: query.partial({ topics: true }),
      response: { 200: streamResponse('text/event-stream'), ...problemResponses('/live') },
    },
    preHandler: async (request) => requireOwnOrigin(request),
    handler: async (request, reply) => {
      const { topics: texts = [], tail } = request.query as Partial<z.output<typeof query>>;
      const topics = topicsIn(request, texts, services);
      const positions = positionsOf(request, topics.length);
      await answerStream(services, request, reply, 'text/event-stream', async (answer, signal) => {
        const stream = answer();
        const subscriptions = topics.map((topic, index) =>
          followOne({ services, request, stream, positions, signal }, topic, texts[index]!, index, tail!),
        );
        await Promise.all(subscriptions);
        stream.end();
      });
    },
    wsHandler: (socket, request) => new Socket(socket, request, services).run(),
  });
}

function topicsIn({ caller }: FastifyRequest, texts: string[], { audience }: StreamServices): Topic[] {
  if (texts.length === 0)
    throw new ApiProblem('bad_input', 'the request names no topic', {
      advice: 'write ?topics=environment:STACK/ENVIRONMENT',
    });
  const topics = texts.map(topicOf);
  for (const topic of topics) audience.require(caller!, topic);
  return topics;
}

/** Where each topic begins. @throws ApiProblem if the last id is not of these topics */
function positionsOf({ headers }: FastifyRequest, count: number): string[] {
  const last = headers['last-event-id'];
  if (last === undefined || last === '') return Array<string>(count).fill(none);
  const positions = typeof last === 'string' && last.length <= longestId ? last.split(separator) : [];
  if (positions.length === count) return positions;
  throw new ApiProblem('bad_input', 'Last-Event-ID is not of a stream with these topics');
}

interface Streaming {
  services: StreamServices;
  request: FastifyRequest;
  stream: StreamAnswer;
  /** Of all topics: an id says where each of them resumes. */
  positions: string[];
  signal: AbortSignal;
}

async function followOne(
  { services, request, stream, positions, signal }: Streaming,
  topic: Topic,
  text: string,
  index: number,
  tail: number,
): Promise<void> {
  const after = positions[index]!;
  const from = after === none ? { tail } : { after };
  try {
    for await (const { name, id, data } of services.audience.follow(request, topic, from, signal)) {
      if (id !== undefined) positions[index] = id;
      const all = positions.join(separator);
      const message = {
        name,
        data: { topic: text, data },
        ...(id !== undefined && all.length <= longestId && { id: all }),
      };
      if (!(await stream.send(message))) return;
    }
  } catch (error) {
    await stream.send({ name: 'problem', data: { topic: text, data: problemOf(error) } });
  }
}
