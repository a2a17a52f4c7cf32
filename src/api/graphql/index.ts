import type { FastifyInstance, FastifyReply } from 'fastify';
import { z } from 'zod';
import { problemResponses, responseOf } from '../description';
import { StreamAnswer } from '../live/server-sent';
import { requireOwnOrigin } from '../access/origin';
import type { StreamServices } from '../live/streams';
import type { Route, Services } from '../route';
import type { Execute } from './schema';

/** `POST /graphql`. Other methods and types of content than JSON are not served, so that no foreign form reaches it. */

const path = '/graphql';
const longestQuery = 100_000;

const body = z.strictObject({
  query: z.string().min(1).max(longestQuery),
  operationName: z.string().max(200).nullish(),
  variables: z.record(z.string(), z.unknown()).nullish(),
  extensions: z.record(z.string(), z.unknown()).nullish(),
});
const answer = z.looseObject({
  data: z.unknown().optional(),
  errors: z.array(z.looseObject({ message: z.string() })).optional(),
});

interface GraphqlOptions {
  routes: readonly Route[];
  services: Services;
  streams: StreamServices;
  onFailure: (error: Error) => void;
}

/** Adds the route. Its action is `own`: each field has the action of its route. */
export function addGraphql(app: FastifyInstance, { routes, services, streams, onFailure }: GraphqlOptions): void {
  let loading: Promise<Execute> | undefined;
  app.route({
    method: 'POST',
    url: path,
    config: { action: 'own' },
    schema: {
      operationId: 'graphql',
      summary: 'GraphQL: queries, mutations and, as server-sent events, subscriptions',
      description: 'For everybody with a valid token; each field needs the role of its action.',
      tags: ['graphql'],
      body,
      response: { ...responseOf({ answer }), ...problemResponses(path) },
    },
    preHandler: async (request) => requireOwnOrigin(request),
    handler: async (request, reply) => {
      loading ??= import('./yoga.js').then(({ executeWith }) => executeWith(routes, onFailure));
      const execute = await loading;
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      const { audience } = streams;
      const signal = AbortSignal.any([gone.signal, audience.stopped]);
      const response = await execute({ http: request, services, audience, gone: signal });
      const type = response.headers.get('content-type') ?? 'application/json';
      if (type.startsWith('text/event-stream')) return stream(reply, response, streams);
      return reply
        .code(response.status as 200)
        .type(type)
        .serializer(String)
        .send(await response.text());
    },
  });
}

async function stream(reply: FastifyReply, response: Response, { metrics }: StreamServices): Promise<void> {
  reply.hijack();
  const answering = new StreamAnswer(reply.raw, 'text/event-stream', { 'x-content-type-options': 'nosniff' });
  await metrics.countStream(
    (async () => {
      try {
        for await (const chunk of response.body ?? []) if (!(await answering.write(Buffer.from(chunk)))) return;
      } finally {
        answering.end();
      }
    })(),
  );
}
