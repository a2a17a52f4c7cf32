import { createHash } from 'node:crypto';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { actingFor, type DeployCodeClient } from '../client';
import { isExpectedHost } from '../guard/expected-host';
import { actions } from '../model/access';
import { isName } from '../model/names';
import { AccessDirectory, type Caller } from './access/directory';
import { requirePermission } from './access/authorise';
import { describeApi, eventsPath, problemResponses } from './description';
import { writeEvents } from './event-stream';
import { ApiMetrics } from './inner';
import { Live } from './live';
import { answerMalformed, ApiProblem, problemOf } from './problems';
import { whileReachable } from './reach';
import type { Route, Services } from './route';
import { routes } from './routes';
import { deploymentParams, find } from './routes/deployments';

export interface ServerOptions {
  client: DeployCodeClient;
  /** Certificate and key in PEM; absent: plain HTTP. */
  tls?: { cert: Buffer; key: Buffer; minVersion: 'TLSv1.2' | 'TLSv1.3' };
  /** Address that it listens on, and names of it besides: requests for other hosts are refused. */
  host: { bound: string; allowed: readonly string[] };
  /** Addresses of proxies whose `X-Forwarded-For` counts. */
  trustedProxies?: string[];
  /** Requests a minute of one caller or, without a valid token, of one address. */
  perMinute?: number;
  version: string;
  metrics?: ApiMetrics;
  onFailure: (error: Error, request?: { method: string; route: string }) => void;
}

const prefix = '/api/v1';
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
/** More events than a deployment has: only its status is read. */
const largestCount = 1_000_000_000;
const keyPattern = /^[\x21-\x7e]{1,200}$/;

declare module 'fastify' {
  interface FastifyRequest {
    caller?: Caller;
  }
  interface FastifyContextConfig {
    action?: Route['action'] | 'open';
  }
}

/** Creates the server of the API. Everything but its description needs a token; each route has an action. */
export async function createApiServer(options: ServerOptions): Promise<FastifyInstance> {
  const { client, onFailure, metrics = new ApiMetrics() } = options;
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
  const access = new AccessDirectory(client.access, onFailure);
  app.addHook('onClose', () => access.close());
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  measure(app, metrics);
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply, onFailure));
  await app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: policy } });
  app.addHook('onRequest', async (request) => requireHost(request, options.host));
  await app.register(rateLimit, { global: false });
  const limits = limitsOf(app, options.perMinute);
  app.addHook('onRequest', async (request) => letIn(request, access, limits));
  keepWhileWorking(app);
  await describeApi(app, options.version);
  app.setNotFoundHandler((request, reply) =>
    sendProblem(new ApiProblem('not_found', 'there is nothing at this address'), request, reply, onFailure),
  );
  for (const each of routes) addRoute(app, each, { client, access });
  addEvents(app, { client, access }, new Live(onFailure), metrics);
  app.get(`${prefix}/openapi.json`, { config: { action: 'open' }, schema: { hide: true } }, async () => app.swagger());
  await app.ready();
  return app;
}

/** The connection of a request stays open while the request is worked on, even if nothing is sent meanwhile. */
function keepWhileWorking(app: FastifyInstance): void {
  app.addHook('preHandler', async ({ raw }) => void raw.socket.setTimeout(workMs));
  app.addHook('onSend', async ({ raw }, _, payload) => {
    raw.socket.setTimeout(connectionMs);
    return payload;
  });
}

function measure(app: FastifyInstance, metrics: ApiMetrics): void {
  app.addHook('onResponse', async ({ method, routeOptions }, { statusCode, elapsedTime }) => {
    metrics.observe(routeOptions.url ?? 'unknown', method, statusCode, elapsedTime / 1000);
    if (statusCode === 401 || statusCode === 403 || statusCode === 429) metrics.deny(String(statusCode));
  });
}

/** @throws ApiProblem for a request to another host: a foreign page would use the browser of somebody here */
function requireHost({ headers }: FastifyRequest, host: ServerOptions['host']): void {
  if (!isExpectedHost(headers.host, host))
    throw new ApiProblem('bad_input', 'this server does not answer for that host', {
      advice: 'start it with --allow-host NAME, if the name is its own',
    });
}

/** Checks the token of a request, and whether its owner may make it. Runs before a body is read. */
async function letIn(request: FastifyRequest, access: AccessDirectory, limits: Limits): Promise<void> {
  const { action } = request.routeOptions.config;
  if (action === 'open') return requireRate(await limits.ofAddress(request));
  const caller = await callerOf(request, access, limits);
  request.caller = caller;
  requireRate(await limits.ofCaller(request));
  if (action === 'own' || request.is404) return;
  if (action === undefined) throw new ApiProblem('forbidden', 'nobody may do this');
  requirePermission(caller, action, targetOf(request));
}

/** @throws ApiProblem without a valid token; after many of those, an address has to wait */
async function callerOf(request: FastifyRequest, access: AccessDirectory, limits: Limits): Promise<Caller> {
  try {
    const caller = await access.authenticate(bearerOf(request));
    if (caller) return caller;
    throw new ApiProblem('unauthenticated', 'the token is not valid, has ended, or was revoked');
  } catch (error) {
    if (error instanceof ApiProblem) requireRate(await limits.ofAddress(request));
    throw error;
  }
}

/** @throws ApiProblem without a token */
function bearerOf({ headers }: FastifyRequest): string {
  const [, token] = /^Bearer ([\x21-\x7e]{1,4096})$/i.exec(headers.authorization ?? '') ?? [];
  if (token !== undefined) return token;
  throw new ApiProblem('unauthenticated', 'the request has no token', {
    advice: 'send the header Authorization: Bearer TOKEN; `deploy-code access token create` makes a token',
  });
}

function targetOf({ params }: FastifyRequest): { stack: string; environment: string } | undefined {
  const { stack, environment } = params as { stack?: string; environment?: string };
  return isName('stack', stack) && isName('environment', environment) ? { stack, environment } : undefined;
}

type Rate = { isAllowed: true } | { isAllowed: false; isExceeded: boolean; ttlInSeconds: number };

/** Count requests; of callers by their tokens, of everybody else by address. */
interface Limits {
  ofCaller(request: FastifyRequest): Promise<Rate>;
  ofAddress(request: FastifyRequest): Promise<Rate>;
}

function limitsOf(app: FastifyInstance, perMinute = 600): Limits {
  const counting = (keyGenerator: (request: FastifyRequest) => string) =>
    app.createRateLimit({ max: perMinute, timeWindow: 60_000, keyGenerator });
  return {
    ofCaller: counting(({ caller }) => `token ${caller!.token}`),
    ofAddress: counting(({ ip }) => `address ${ip}`),
  };
}

/** @throws ApiProblem after too many requests */
function requireRate(rate: Rate): void {
  if (!rate.isAllowed && rate.isExceeded)
    throw new ApiProblem('too_many', `there were too many requests; try again in ${rate.ttlInSeconds} s`);
}

function addRoute(app: FastifyInstance, route: Route, services: Services) {
  const { method, path, action, summary, tag, params, query, body, answer, status = 200 } = route;
  app.route({
    method,
    url: `${prefix}${path}`,
    config: { action },
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
      const caller = request.caller!;
      const call = {
        ...services,
        caller,
        params: request.params,
        query: request.query,
        body: request.body,
        ...requestIdOf(request, caller),
      };
      const result = await actingFor(authorOf(request, caller), () =>
        whileReachable(
          () => services.access.check(),
          () => route.handle(call),
        ),
      );
      return status === 204 ? reply.code(204).send() : reply.code(status).send(plain(result));
    },
  });
}

/** Dates as text, and nothing that JSON does not have. */
function plain(result: unknown): unknown {
  return JSON.parse(JSON.stringify(result)) as unknown;
}

function ruleOf(action: Route['action']): string {
  if (action === 'own') return 'For everybody with a valid token.';
  const { role, on } = actions[action];
  return `Needs the role ${role} on ${on === 'installation' ? 'everything (`*`)' : 'the environment'}: \`${action}\`.`;
}

function authorOf({ ip }: FastifyRequest, { subject, token }: Caller): { by: string; from: string } {
  return { by: subject, from: `${ip} with token ${token}` };
}

/**
 * The id of the request from `Idempotency-Key`, different for each caller: nobody finds the deployments of another by
 * guessing keys.
 * @throws ApiProblem if the key is malformed
 */
function requestIdOf({ headers }: FastifyRequest, { subject }: Caller): { requestId?: string } {
  const key = headers['idempotency-key'];
  if (key === undefined) return {};
  if (typeof key !== 'string' || !keyPattern.test(key))
    throw new ApiProblem('bad_input', 'Idempotency-Key must be 1 to 200 printable characters without spaces');
  const hash = createHash('sha256').update(`${subject}\n${key}`).digest('hex');
  return { requestId: `${hash.slice(0, 8)}-key-${hash.slice(8, 40)}` };
}

function addEvents(app: FastifyInstance, { client, access }: Services, live: Live, metrics: ApiMetrics): void {
  const closing = new AbortController();
  app.addHook('preClose', async () => {
    closing.abort();
    live.close();
  });
  app.get(
    `${prefix}${eventsPath}`,
    {
      config: { action: 'environment.read' },
      exposeHeadRoute: false,
      schema: {
        summary: 'The events of a deployment as server-sent events, until it ends; Last-Event-ID resumes',
        description: ruleOf('environment.read'),
        tags: ['deployments'],
        params: deploymentParams,
        response: { 200: z.string().describe('server-sent events'), ...problemResponses },
      },
    },
    async (request, reply) => {
      const handle = await whileReachable(
        () => access.check(),
        async () => {
          const found = await find(client, request.params as z.output<typeof deploymentParams>);
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
