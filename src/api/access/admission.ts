import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isExpectedHost, type Expected } from '../../guard/expected-host';
import { isName } from '../../model/names';
import { ApiProblem } from '../problems';
import type { Action } from '../../model/access';
import type { Route } from '../route';
import { requirePermission } from './authorise';
import type { AccessDirectory, Caller } from './directory';
import { readCookie } from '../auth/browser/cookies';
import { requireOwnPage } from './origin';
import type { Limits } from './limits';
import type { Threats } from './threats';

declare module 'fastify' {
  interface FastifyInstance {
    /** Methods and addresses of requests that need no token. */
    openAddresses: ReadonlySet<string>;
  }
  interface FastifyRequest {
    caller?: Caller;
  }
  interface FastifyContextConfig {
    /** `open`: for everybody, without a token. */
    action?: Route['action'] | 'open' | 'hook';
    frequent?: boolean;
    /** Pages of others send browsers here with a form, which has a proof of its own. */
    isFromOthers?: true;
    fromMemory?: boolean;
    /** Nobody needs it often: an address has to wait after a few requests. */
    isRare?: true;
    /** Takes only what nobody can guess, such as a refresh token: also from an address that others attack from. */
    isProof?: true;
  }
}

/** Lets no server start with an address that no rule is for. Returns those that everybody may use, once added. */
export function requireRules(app: FastifyInstance): ReadonlySet<string> {
  const open = new Set<string>();
  app.addHook('onRoute', ({ method, url, config }) => {
    if (config?.action === undefined) throw new Error(`${[method].flat().join(', ')} ${url} has no action`);
    if (config.action === 'open') for (const each of [method].flat()) open.add(`${each} ${url}`);
  });
  return open;
}

/**
 * A check of every request, which throws an ApiProblem for one to another host, or from a page of another: it would use
 * the browser of somebody here.
 */
export function hostGuard(host: Expected): (request: FastifyRequest) => void {
  let last: string | undefined;
  return (request) => {
    // Most requests are for the host of the one before.
    if (request.headers.origin === undefined && request.headers.host === last && last !== undefined) return;
    requireHost(request, host);
    last = request.headers.host;
  };
}

function requireHost({ headers, routeOptions }: FastifyRequest, host: Expected): void {
  if (!isExpectedHost(headers.host, host))
    throw new ApiProblem('bad_input', 'this server does not answer for that host', {
      advice: 'start it with --allow-host NAME, if the name is its own',
    });
  if (routeOptions.config.isFromOthers) return;
  if (headers.origin !== undefined && !isExpectedHost(hostOf(headers.origin), host))
    throw new ApiProblem('forbidden', 'pages of another origin may not use this server');
}

function hostOf(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).host : '';
}

/** Stands for the token of {@link Door.anyone}, who has none. */
export const withoutToken = 'none';

/** What lets requests in. */
export interface Door {
  access: AccessDirectory;
  limits: Limits;
  threats: Threats;
  /** Who makes requests without a token. */
  anyone?: Caller;
}

/**
 * Checks the token of a request, and whether its owner may make it. Runs before a body is read. A request with a token
 * that was let in a moment ago waits for nothing.
 * @throws ApiProblem, now or later, if it is not let in
 */
export function letIn(request: FastifyRequest, door: Door): Promise<void> | undefined {
  const { action } = request.routeOptions.config;
  if (action === 'open' || action === 'hook') return letEverybodyIn(request, door);
  const known = knownCaller(request, door);
  if (!known) return callerOf(request, door).then((caller) => admit(request, caller, action, door));
  admit(request, known, action, door);
  return undefined;
}

async function letEverybodyIn(request: FastifyRequest, { limits, threats }: Door): Promise<void> {
  const { action, isRare, isProof } = request.routeOptions.config;
  if (action !== 'hook' && !isProof) threats.requireUnblocked(request.ip);
  if (isRare) await limits.countRare(request);
  await limits.countAddress(request);
}

/** Whoever made a request with the same token a moment ago, or needs none. */
function knownCaller(request: FastifyRequest, { access, anyone }: Door): Caller | undefined {
  const { authorization } = request.headers;
  if (authorization === undefined) {
    if (anyone) requireOwnPage(request);
    return anyone;
  }
  const token = tokenIn(authorization);
  return token === undefined ? undefined : access.recognise(token);
}

/** @throws ApiProblem if a caller may not make a request */
function admit(
  request: FastifyRequest,
  caller: Caller,
  action: Route['action'] | undefined,
  { limits, threats }: Door,
): void {
  const source = `token ${caller.token}`;
  threats.requireUnblocked(source);
  request.caller = caller;
  limits.countCaller(caller.token, request.routeOptions.config.frequent === true);
  if (request.is404) return;
  if (action === undefined) throw new ApiProblem('forbidden', 'nobody may do this');
  try {
    requireAction(caller, action, request.params);
  } catch (error) {
    threats.denied(source);
    throw error;
  }
}

/** @throws ApiProblem if somebody may not do what a route does, by its action and the names in its address */
export function requireAction(caller: Caller, action: Action | 'own', params: unknown): void {
  if (action !== 'own') requirePermission(caller, action, targetOf(params));
}

/** Who makes a request, also later while its answer is still sent. @throws ApiProblem without a valid token */
export async function identify(request: FastifyRequest, access: AccessDirectory): Promise<Caller> {
  const { caller: known, headers } = request;
  if (known?.token === withoutToken && headers.authorization === undefined) return known;
  const cookie = headers.authorization === undefined ? sessionCookie(request, access) : undefined;
  const caller = await (cookie === undefined ? access.authenticate(bearerOf(request)) : access.ofBrowser(cookie));
  if (caller) return caller;
  const what = cookie === undefined ? 'token' : 'session';
  throw new ApiProblem('unauthenticated', `the ${what} is not valid, has ended, or was revoked`);
}

/**
 * The cookie with which a page of this server makes a request.
 * @throws ApiProblem for any other page: it would use the session of whoever looks at it
 */
function sessionCookie(request: FastifyRequest, { cookies }: AccessDirectory): string | undefined {
  const cookie = cookies && readCookie(cookies, request, 'session');
  if (cookie === undefined) return undefined;
  requireOwnPage(request);
  const { 'sec-fetch-site': site, origin } = request.headers;
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (isRead || site === 'same-origin' || origin !== undefined) return cookie;
  throw new ApiProblem('forbidden', 'a request with a cookie must say that a page of this server makes it', {
    advice: 'programs send a token instead; browsers that are too old cannot',
  });
}

/** @throws ApiProblem without a valid token; after many of those, an address has to wait */
async function callerOf(request: FastifyRequest, { access, limits, threats }: Door): Promise<Caller> {
  try {
    return await identify(request, access);
  } catch (error) {
    if (error instanceof ApiProblem) {
      threats.requireUnblocked(request.ip);
      await limits.countAddress(request);
      threats.denied(request.ip);
    }
    throw error;
  }
}

/** @throws ApiProblem without a token */
function bearerOf({ headers }: FastifyRequest): string {
  const token = tokenIn(headers.authorization);
  if (token !== undefined) return token;
  throw new ApiProblem('unauthenticated', 'the request has no token', {
    advice: 'send the header Authorization: Bearer TOKEN; `deploy-code access token create` makes a token',
  });
}

function tokenIn(header = ''): string | undefined {
  return /^Bearer ([\x21-\x7e]{1,10000})$/i.exec(header)?.[1];
}

function targetOf(params: unknown): { stack: string; environment: string } | undefined {
  const { stack, environment } = params as { stack?: string; environment?: string };
  return isName('stack', stack) && isName('environment', environment) ? { stack, environment } : undefined;
}
