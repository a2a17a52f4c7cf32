import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { prefix, problemResponses, ruleOf } from './description';
import { writeEvents } from './event-stream';
import type { ApiMetrics } from './metrics';
import { Live } from './live';
import { whileReachable } from './reach';
import type { Services } from './route';
import { eventsRoute, find } from './routes/deployments';

/** More events than a deployment has: only its status is read. */
const largestCount = 1_000_000_000;

/** Adds the stream of a deployment's events. */
export function addEvents(
  app: FastifyInstance,
  { client, access }: Services,
  metrics: ApiMetrics,
  onFailure: (error: Error) => void,
): void {
  const live = new Live(onFailure);
  const closing = new AbortController();
  app.addHook('preClose', async () => {
    closing.abort();
    live.close();
  });
  const { path, action, summary, tag, params } = eventsRoute;
  app.get(
    `${prefix}${path}`,
    {
      config: { action },
      exposeHeadRoute: false,
      schema: {
        summary,
        description: ruleOf(action),
        tags: [tag],
        params,
        response: { 200: z.string().describe('server-sent events'), ...problemResponses },
      },
    },
    async (request, reply) => {
      const handle = await whileReachable(
        () => access.check(),
        async () => {
          const found = await find(client, request.params as z.output<typeof params>);
          await found.progress(largestCount);
          return found;
        },
      );
      const gone = new AbortController();
      reply.raw.once('close', () => gone.abort());
      reply.hijack();
      const events = live.follow(handle, lastEventOf(request), AbortSignal.any([gone.signal, closing.signal]));
      await metrics.countStream(writeEvents(reply.raw, events, { 'x-content-type-options': 'nosniff' }));
    },
  );
}

function lastEventOf({ headers }: FastifyRequest): number {
  const text = headers['last-event-id'];
  return typeof text === 'string' && /^[0-9]{1,9}$/.test(text) ? Number(text) : 0;
}
