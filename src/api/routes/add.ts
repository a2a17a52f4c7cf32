import type { FastifyInstance } from 'fastify';
import { prefix, problemResponses, repeatableHeaders, responseOf, ruleOf } from '../description';
import { answerTopic, preferredType, type StreamServices } from '../live/streams';
import { perform } from '../perform';
import type { Route, Services } from '../route';

/** Serves a route of the table below the prefix of the API. */
export function addRoute(
  app: FastifyInstance,
  operationId: string,
  route: Route,
  services: Services,
  streams: StreamServices,
): void {
  const { method, path, action, summary, tag, params, query, body, status = 200 } = route;
  app.route({
    method,
    url: `${prefix}${path}`,
    config: { action, frequent: route.frequent, fromMemory: route.fromMemory },
    schema: {
      operationId,
      summary,
      description: ruleOf(action),
      tags: [tag],
      ...(params && { params }),
      ...(query && { querystring: query }),
      ...(body && { body }),
      ...(route.repeatable && { headers: repeatableHeaders }),
      response: { ...responseOf(route), ...problemResponses(path) },
    },
    handler: async (request, reply) => {
      const followed = route.follow?.(request.query as never, request.params as never);
      if (followed) return answerTopic(streams, request, reply, preferredType(request, route.streams!), followed);
      const { caller, ip, params: inPath, query: inQuery, body: given, headers } = request;
      const result = await perform(services, route, {
        caller: caller!,
        ip,
        params: inPath,
        query: inQuery,
        body: given,
        key: headers['idempotency-key'],
      });
      if (status === 204) return reply.code(204).send();
      void reply.code(status);
      return result;
    },
  });
}
