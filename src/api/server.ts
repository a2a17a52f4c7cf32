import type { Socket } from 'node:net';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { DirectClient } from '../client';
import type { Expected } from '../guard/expected-host';
import { isLoopback } from '../model/names/registry';
import { letIn, limitsOf, requireHost, requireRules, withoutToken } from './access/admission';
import { AccessDirectory, type Caller } from './access/directory';
import { Threats } from './access/threats';
import { addAuth, createAuthContext, type PeopleOptions } from './auth';
import { describeApi, prefix, problemResponses, ruleOf } from './description';
import { addDocsPage } from './docs-page';
import { addEtags } from './etags';
import { addGraphql } from './graphql';
import { addHooks } from './hooks';
import { Live } from './live';
import { Audience } from './live/audience';
import { addEvents } from './live/events-route';
import { addLive, allowWebSockets } from './live/live-route';
import { answerTopic, preferredType, type StreamServices } from './live/streams';
import { ApiMetrics } from './metrics';
import { perform } from './perform';
import { answerMalformed, ApiProblem, problemOf } from './problems';
import type { Route, Services } from './route';
import { routes } from './routes';
import type { Threat } from '../workflows/messages';

export interface ServerOptions {
  client: DirectClient;
  /** Certificate and key in PEM; absent: plain HTTP. */
  tls?: { cert: Buffer; key: Buffer; minVersion: 'TLSv1.2' | 'TLSv1.3' };
  /** Address that it listens on, and names of it besides: requests for other hosts are refused. */
  host: Expected;
  /** Addresses of proxies whose `X-Forwarded-For` counts. */
  trustedProxies?: string[];
  /** Requests a minute of one caller or, without a valid token, of one address. */
  perMinute?: number;
  /**
   * The subject of requests without a token, who may do everything: for a server that only this machine reaches.
   * Absent: every request needs a token.
   */
  anyone?: string;
  /** Absent: nobody can log in, and tokens are the only way in. */
  people?: PeopleOptions;
  /** Streams that one subject has open at a time. */
  streamsPerCaller?: number;
  version: string;
  metrics?: ApiMetrics;
  onFailure: (error: Error, request?: { method: string; route: string }) => void;
}

/** Nothing here is a page. */
const policy = { defaultSrc: ["'none'"], frameAncestors: ["'none'"] };
const largestBody = 2 * 1024 * 1024;
const requestMs = 30_000;
/** For plain HTTP and TLS. */
const timeouts = { headersTimeout: 10_000, connectionsCheckingInterval: 1000 } as const;
/** A connection on which nothing happens is closed after this time, if no request is worked on. */
const connectionMs = 60_000;
/** The longest that a request is worked on. */
const workMs = 600_000;
const connections = 2000;
/** Fewer refused requests a minute are mistakes. */
const leastDenials = 100;

/** Creates the server of the API. Everything but its description needs a token; each route has an action. */
export async function createApiServer(options: ServerOptions): Promise<FastifyInstance> {
  const { client, onFailure, people, metrics = new ApiMetrics() } = options;
  const app = fastify({
    bodyLimit: largestBody,
    requestTimeout: requestMs,
    connectionTimeout: connectionMs,
    http: timeouts,
    ...(options.tls && { https: { ...timeouts, ...options.tls } }),
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      void sendProblem(error, request, reply, onFailure),
    clientErrorHandler: answerMalformed,
    ...(options.trustedProxies && { trustProxy: options.trustedProxies }),
    routerOptions: { maxParamLength: 300, ignoreTrailingSlash: false },
    forceCloseConnections: 'idle',
    return503OnClosing: true,
  } as never) as unknown as FastifyInstance;
  app.server.maxConnections = connections;
  const access = new AccessDirectory(client.access, onFailure, {
    issuer: people?.externalUrl,
    declared: () => people?.declared().bindings ?? [],
  });
  app.addHook('onClose', () => access.close());
  app.decorate('openAddresses', requireRules(app));
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  measure(app, metrics);
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, onFailure));
  await app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: policy } });
  await allowWebSockets(app);
  app.addHook('onRequest', async (request) => requireHost(request, hostOf(options)));
  await app.register(rateLimit, { global: false });
  const limits = limitsOf(app, options.perMinute);
  const threats = watchFor(options, metrics);
  const anyone = anyoneOf(options);
  app.addHook('onRequest', async (request) => letIn(request, { access, limits, threats, ...(anyone && { anyone }) }));
  keepWhileWorking(app);
  addEtags(app);
  await describeApi(app, options.version);
  app.setNotFoundHandler((request, reply) =>
    sendProblem(new ApiProblem('not_found', 'there is nothing at this address'), request, reply, onFailure),
  );
  const audience = new Audience(new Live(client, onFailure), access, options.streamsPerCaller);
  app.addHook('preClose', async () => audience.close());
  const streams = { audience, metrics };
  for (const each of routes) addRoute(app, each, { client, access }, streams);
  if (people) await addAuth(app, createAuthContext({ client, access }, people, { threats, metrics, onFailure }));
  addEvents(app, streams);
  addLive(app, streams);
  await addHooks(app, { client, access }, metrics, onFailure);
  addGraphql(app, { routes, services: { client, access }, streams, onFailure });
  app.get(`${prefix}/openapi.json`, { config: { action: 'open' }, schema: { hide: true } }, async () => app.swagger());
  addDocsPage(app);
  await app.ready();
  return app;
}

/** @throws Error if everybody on a network would be let in */
function anyoneOf({ anyone, host }: ServerOptions): Caller | undefined {
  if (anyone === undefined) return undefined;
  if (!isLoopback(host.bound)) throw new Error('a server without log-in must listen on loopback');
  return { subject: anyone, token: withoutToken, roles: [{ role: 'admin', scope: '*' }] };
}

/** Attackers are counted, and recorded in the audit trail of the installation. */
function watchFor({ client, perMinute = 600, onFailure }: ServerOptions, metrics: ApiMetrics): Threats {
  const report = (threat: Threat): void => {
    metrics.countThreat(threat.kind);
    client.access.users.logIns.report(threat).catch(onFailure);
  };
  return new Threats(report, { denialsPerMinute: Math.max(leastDenials, perMinute / 2) });
}

/** A server answers for its external address too. */
function hostOf({ host, people }: ServerOptions): Expected {
  if (!people) return host;
  return { ...host, allowed: [...(host.allowed ?? []), new URL(people.externalUrl).hostname] };
}

/** The connection of a request stays open while the request is worked on, even if nothing is sent meanwhile. */
function keepWhileWorking(app: FastifyInstance): void {
  app.addHook('preHandler', async ({ raw }) => closeAfter(raw.socket, workMs));
  app.addHook('onSend', async ({ raw }, _, payload) => {
    closeAfter(raw.socket, connectionMs);
    return payload;
  });
}

/** A request that is injected into the server has no real socket. */
function closeAfter(socket: Socket, idleMs: number): void {
  if ('setTimeout' in socket) socket.setTimeout(idleMs);
}

function measure(app: FastifyInstance, metrics: ApiMetrics): void {
  app.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime }) => {
    metrics.observe(routeOptions.url ?? 'unknown', method, statusCode, elapsedTime / 1000);
    if (statusCode === 401 || statusCode === 403 || statusCode === 429) metrics.deny(String(statusCode));
  });
}

function addRoute(app: FastifyInstance, route: Route, services: Services, streams: StreamServices) {
  const { method, path, action, summary, tag, params, query, body, answer, status = 200 } = route;
  app.route({
    method,
    url: `${prefix}${path}`,
    config: { action, ...(route.frequent && { frequent: true }) },
    schema: {
      summary,
      description: ruleOf(action),
      tags: [tag],
      ...(params && { params }),
      ...(query && { querystring: query }),
      ...(body && { body }),
      response: {
        [status]: status === 204 ? z.null().describe('done') : answer,
        ...problemResponses,
      },
    },
    handler: async (request, reply) => {
      const followed = route.follow?.(request.query as never, request.params as never);
      if (followed) return answerTopic(streams, request, reply, preferredType(request, followed.types), followed);
      const { caller, ip, params: inPath, query: inQuery, body: given, headers } = request;
      const result = await perform(services, route, {
        caller: caller!,
        ip,
        params: inPath,
        query: inQuery,
        body: given,
        key: headers['idempotency-key'],
      });
      return status === 204 ? reply.code(204).send() : reply.code(status).send(result);
    },
  });
}

function sendProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  onFailure: ServerOptions['onFailure'],
): FastifyReply {
  const problem = problemOf(error);
  if (problem.code === 'failed')
    onFailure(error as Error, { method: request.method, route: request.routeOptions.url ?? 'unknown' });
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer realm="deploy-code"');
  if (problem.status === 503) void reply.header('retry-after', '5');
  return reply.code(problem.status).type('application/problem+json').serializer(JSON.stringify).send(problem);
}
