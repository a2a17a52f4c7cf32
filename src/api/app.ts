import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import type { ApiMetrics } from './metrics';
import { answerMalformed, ApiProblem, problemIn, type OnFailure } from './problems';

export interface AppOptions {
  /** Certificate and key in PEM; absent: plain HTTP. */
  tls?: { cert: Buffer; key: Buffer; minVersion: 'TLSv1.2' | 'TLSv1.3' };
  /** Addresses of proxies whose `X-Forwarded-For` counts. */
  trustedProxies?: string[];
  onFailure: OnFailure;
}

const largestBody = 2 * 1024 * 1024;
const requestMs = 30_000;
/** For plain HTTP and TLS. */
const timeouts = { headersTimeout: 10_000, connectionsCheckingInterval: 1000 } as const;
/** A connection on which nothing happens is closed after this time, if no request is worked on. */
const connectionMs = 60_000;
/** The longest that a request is worked on. */
const workMs = 600_000;
const connections = 2000;

/** A server without an address yet: its limits of size and time, and how it answers errors. */
export function createApp({ tls, trustedProxies, onFailure }: AppOptions, metrics: ApiMetrics): FastifyInstance {
  const answer = (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
    sendProblem(error, request, reply, onFailure);
  const app = fastify({
    bodyLimit: largestBody,
    requestTimeout: requestMs,
    connectionTimeout: connectionMs,
    http: timeouts,
    ...(tls && { https: { ...timeouts, ...tls } }),
    frameworkErrors: (...failed: Parameters<typeof answer>) => void answer(...failed),
    clientErrorHandler: answerMalformed,
    ...(trustedProxies && { trustProxy: trustedProxies }),
    routerOptions: { maxParamLength: 300, ignoreTrailingSlash: false },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
  } as never) as unknown as FastifyInstance;
  app.server.maxConnections = connections;
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler(answer);
  app.setNotFoundHandler((request, reply) =>
    answer(new ApiProblem('not_found', 'there is nothing at this address'), request, reply),
  );
  acceptNoBody(app);
  measure(app, metrics);
  refuseWhileClosing(app);
  keepWhileWorking(app);
  return app;
}

/** Programs that say with each request that it is JSON need no body where a route has none. */
function acceptNoBody(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) =>
    body === '' ? done(null, undefined) : parse(request, body as string, done),
  );
}

/** A connection that was kept open is closed with its next request, which another server answers. */
function refuseWhileClosing(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  app.addHook('onRequest', (_, reply, done) => {
    if (!isClosing) return done();
    void reply.header('connection', 'close');
    done(new ApiProblem('stopping', 'this server is stopping', { advice: 'make the request again', retryAfter: 1 }));
  });
}

/** The connection of a request stays open while the request is worked on, even if nothing is sent meanwhile. */
function keepWhileWorking(app: FastifyInstance): void {
  app.addHook('preHandler', (request, _, done) => {
    closeAfter(request, workMs);
    done();
  });
  app.addHook('onSend', (request, _, payload, done) => {
    closeAfter(request, connectionMs);
    done(null, payload);
  });
}

/** A request that is injected into the server has no real socket; one that is answered at once needs no more time. */
function closeAfter({ raw: { socket }, routeOptions }: FastifyRequest, idleMs: number): void {
  if (!routeOptions.config.fromMemory && 'setTimeout' in socket) socket.setTimeout(idleMs);
}

function measure(app: FastifyInstance, metrics: ApiMetrics): void {
  app.addHook('onResponse', ({ method, routeOptions }, { statusCode, elapsedTime }, done) => {
    metrics.observe(routeOptions.url ?? 'unknown', method, statusCode, elapsedTime / 1000);
    if (statusCode === 401 || statusCode === 403 || statusCode === 429) metrics.deny(String(statusCode));
    done();
  });
}

function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply, onFailure: OnFailure): FastifyReply {
  const problem = problemIn(error, request, onFailure);
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer realm="deploy-code"');
  if (problem.retryAfter !== undefined) void reply.header('retry-after', String(problem.retryAfter));
  return reply.code(problem.status).type('application/problem+json').serializer(JSON.stringify).send(problem);
}
