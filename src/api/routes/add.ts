import type { FastifyInstance, FastifyReply, FastifyRequest, RouteHandlerMethod } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { Caller } from '../access/directory';
import { prefix, problemResponses, repeatableHeaders, responseOf, ruleOf } from '../description';
import { answerTopic, preferredType, type StreamServices } from '../live/streams';
import { isKnown, tagHeaders, tagOf } from '../etags';
import { apiHeaders } from '../headers';
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
  const { method, path, action, summary, tag, params, query, body } = route;
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
      ...(route.method === 'POST' && { headers: repeatableHeaders }),
      response: { ...responseOf(route), ...problemResponses(path) },
    },
    handler: route.fromMemory ? fromMemory(route, services) : performed(route, services, streams),
  });
}

/** Does what a route does with each request, or answers with a stream. */
function performed(route: Route, services: Services, streams: StreamServices): RouteHandlerMethod {
  const { status = 200 } = route;
  return async (request, reply) => {
    const { caller, ip, params, query, body, headers } = request;
    const followed = route.follow?.(query, params);
    if (followed) return answerTopic(streams, request, reply, preferredType(request, route.streams!), followed);
    const key = headers['idempotency-key'];
    const result = await perform(services, route, { caller: caller!, ip, params, query, body, key });
    if (status === 204) return reply.code(204).send();
    void reply.code(status);
    return result;
  };
}

/**
 * Answers with what depends on the caller alone, from memory until the server knows something else of them: written at
 * once, as what Fastify does between a handler and the socket takes longer than the rest.
 */
function fromMemory(route: Route, services: Services): RouteHandlerMethod {
  const { method, path: url, answer: schema } = route;
  const serialise = serializerCompiler({ schema, method, url });
  const answers = new WeakMap<Caller, Kept>();
  return (request, reply) => {
    const caller = request.caller!;
    const known = answers.get(caller);
    if (known) return write(request, reply, known);
    const call = { ...services, caller, params: undefined, query: undefined, body: undefined };
    return route.handle(call).then((result) => {
      const kept = keptOf(serialise(result));
      answers.set(caller, kept);
      return write(request, reply, kept);
    });
  };
}

/** An answer with its headers. */
interface Kept {
  payload: string;
  tag: string;
  headers: string[];
}

function keptOf(payload: string): Kept {
  const tag = tagOf(payload);
  const own = { 'content-type': 'application/json; charset=utf-8', 'content-length': Buffer.byteLength(payload) };
  const all = { ...apiHeaders, ...own, ...tagHeaders(tag) };
  return { payload, tag, headers: Object.entries(all).flat().map(String) };
}

function write({ headers }: FastifyRequest, reply: FastifyReply, { payload, tag, headers: own }: Kept): void {
  reply.hijack();
  if (isKnown(headers['if-none-match'], tag)) reply.raw.writeHead(304, { ...apiHeaders, ...tagHeaders(tag) }).end();
  else reply.raw.writeHead(200, own).end(payload);
}
