import type { RouteClaim, RouteSettlement, SharedClaim, SharedRoute, SharedRoutes } from '../../model/traffic';
import { nameOf, takenRoutes, type TakenRoute } from './shared-routes';

/** Routes of all environments of a host: their number is bounded by what one message can carry. */
const mostRoutes = 5000;

/** All routes that the shared load balancer serves: during a deployment those before and after it. */
export function servedRoutes(claims: readonly SharedClaim[]): SharedRoutes[] {
  return claims
    .map(({ stack, environment, routes, held }) => ({
      stack,
      environment,
      routes: distinct([...(held?.routes ?? []), ...routes]),
    }))
    .filter(({ routes }) => routes.length > 0)
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
}

/** The routes of a claim that others have. */
export function conflictsOf(claim: RouteClaim, claims: readonly SharedClaim[]): TakenRoute[] {
  return takenRoutes(claim, servedRoutes(claims));
}

/** Whether a claim would exceed the number of routes of a host. */
export function isTooMany(claim: RouteClaim, claims: readonly SharedClaim[]): boolean {
  const all = servedRoutes(withClaim(claims, claim));
  return all.reduce((sum, { routes }) => sum + routes.length, 0) > mostRoutes;
}

/** Holds routes for a deployment, which has them beside those that its environment already has. */
export function withClaim(
  claims: readonly SharedClaim[],
  { stack, environment, workflowId, routes }: RouteClaim,
): SharedClaim[] {
  const before = claims.find((each) => nameOf(each) === nameOf({ stack, environment }));
  return replaced(claims, { stack, environment, routes: before?.routes ?? [], held: { workflowId, routes } });
}

/** Ends what a deployment holds; its routes become those of the environment, if it names any. */
export function withSettlement(
  claims: readonly SharedClaim[],
  { stack, environment, workflowId, routes }: RouteSettlement,
): SharedClaim[] {
  const before = claims.find((each) => nameOf(each) === nameOf({ stack, environment }));
  if (routes === undefined && before?.held?.workflowId !== workflowId) return [...claims];
  return replaced(claims, { stack, environment, routes: routes ?? before?.routes ?? [] });
}

/** Ends what a deployment held that no longer runs. */
export function withoutHolder(claims: readonly SharedClaim[], workflowId: string): SharedClaim[] {
  return claims
    .map(({ held, ...claim }) => (held && held.workflowId !== workflowId ? { ...claim, held } : claim))
    .filter(isInUse);
}

function replaced(claims: readonly SharedClaim[], claim: SharedClaim): SharedClaim[] {
  return [...claims.filter((each) => nameOf(each) !== nameOf(claim)), claim].filter(isInUse);
}

function isInUse({ routes, held }: SharedClaim): boolean {
  return routes.length > 0 || (held?.routes.length ?? 0) > 0;
}

/** The first of several routes with the same port, host and path. */
function distinct(routes: readonly SharedRoute[]): SharedRoute[] {
  const first = new Map<string, SharedRoute>();
  for (const route of routes) {
    const key = `${route.port} ${route.host} ${route.path}`;
    if (!first.has(key)) first.set(key, route);
  }
  return [...first].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, route]) => route);
}
