import { actingFor, type Author } from '../client';
import { withoutToken } from './access/admission';
import { roleIn } from './access/authorise';
import type { Caller } from './access/directory';
import { ApiProblem } from './problems';
import { digestOf, keyPattern, requestIdOf } from './body';
import { whileReachable } from './reach';
import { isRead, type Call, type Route, type Services } from './route';

/** A request of somebody who may make it, with what the schemas of its route have read. */
export interface Performed {
  caller: Caller;
  /** Address of the client. */
  ip: string;
  params: unknown;
  query: unknown;
  body: unknown;
  /** `Idempotency-Key`. */
  key: unknown;
}

/** Does what a route does, on behalf of its caller. */
export async function perform(
  services: Services,
  route: Route,
  { caller, ip, params, query, body, key }: Performed,
): Promise<unknown> {
  const call = { ...services, caller, params, query, body, ...idsOfKey(key, route, { caller, params, body }) };
  const result = await actingFor(authorOf(ip, caller), () =>
    whileReachable(
      () => services.access.check(),
      () => route.handle(call),
    ),
  );
  if (route.action === 'access.write') services.access.forget();
  if (!isRead(route)) touch(services, params);
  return plain(result);
}

/** Shows a change of an environment in the next overview. */
function touch({ overview }: Services, params: unknown): void {
  const { stack, environment } = (params ?? {}) as { stack?: string; environment?: string };
  if (stack !== undefined && environment !== undefined) overview.touch({ stack, environment });
}

function authorOf(ip: string, caller: Caller): Author {
  const { subject, token, session, groups } = caller;
  const kind = session === undefined ? 'token' : 'session';
  const from = token === withoutToken ? ip : `${ip} with ${kind} ${token}`;
  return { by: subject, from, roleOn: (place) => roleIn(caller, place), ...(groups && { groups }) };
}

/** Dates as text, and nothing that JSON does not have. */
function plain(result: unknown): unknown {
  return result === undefined ? undefined : (JSON.parse(JSON.stringify(result)) as unknown);
}

/**
 * The ids of a request from its key, different for each caller: nobody finds the deployments of another by guessing
 * keys.
 * @throws ApiProblem if the key is malformed
 */
function idsOfKey(
  key: unknown,
  route: Route,
  { caller: { subject }, params, body }: Pick<Performed, 'caller' | 'params' | 'body'>,
): Pick<Call<unknown, unknown, unknown>, 'keyId' | 'requestId'> {
  if (key === undefined) return {};
  if (typeof key !== 'string' || !keyPattern.test(key))
    throw new ApiProblem('bad_input', 'Idempotency-Key must be 1 to 200 printable characters without spaces');
  if (route.method !== 'POST' || route.repeated !== 'key') return {};
  const { method, path } = route;
  const whole = digestOf({ method, path, params, body });
  return {
    keyId: requestIdOf('key', `${subject}\n${key}`),
    requestId: requestIdOf('key', `${subject}\n${key}\n${whole}`),
  };
}
