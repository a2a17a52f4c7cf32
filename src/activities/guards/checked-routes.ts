import { largestPort } from '../../model/names/host-port';
import { requireName, requirePlace, requireWhole } from '../../model/names';
import { longestMs } from '../../model/stack/limits';
import type { SharedRoutes } from '../../model/traffic';

/** @throws NameProblem if a route at the shared load balancer has a name or a number that is not valid */
export function sharedRoutes({ stack, environment, routes }: SharedRoutes): void {
  requirePlace({ stack, environment });
  for (const { port, host, path, timeoutMs } of routes) {
    requireWhole('a port', port, 1, largestPort);
    requireName('hostname', host);
    requireName('path', path);
    requireWhole('the timeout of a route', timeoutMs, 0, longestMs);
  }
}
