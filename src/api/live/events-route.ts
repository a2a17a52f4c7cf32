import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import { prefix, problemResponses, ruleOf, streamResponse } from '../description';
import { eventsRoute } from '../routes/deployments';
import { answerTopic, type StreamServices } from './streams';

/** Adds the stream of a deployment's events. */
export function addEvents(app: FastifyInstance, services: StreamServices): void {
  const { path, action, summary, tag, params } = eventsRoute;
  app.get(
    `${prefix}${path}`,
    {
      config: { action },
      exposeHeadRoute: false,
      schema: {
        operationId: 'deploymentEvents',
        summary,
        description: ruleOf(action),
        tags: [tag],
        params,
        response: { 200: streamResponse('text/event-stream'), ...problemResponses(path) },
      },
    },
    async (request, reply) => {
      const { stack, environment, deployment } = request.params as z.output<typeof params>;
      const topic = { kind: 'deployment', place: { stack, environment }, deployment } as const;
      const last = request.headers['last-event-id'];
      const after = typeof last === 'string' && /^[0-9]{1,9}$/.test(last) ? last : undefined;
      await answerTopic(services, request, reply, 'text/event-stream', {
        topic,
        from: after === undefined ? {} : { after },
        greeting: 'the events of a deployment',
      });
    },
  );
}
