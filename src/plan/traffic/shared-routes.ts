import type { Stack } from '../../model/stack';
import type { Observation } from '../../model/observation';
import { balancerName, portsOf, sharedContainer, type SharedRoute, type SharedRoutes } from '../../model/traffic';
import { withoutEndingSlash } from '../../model/text/path';
import type { Refusal } from '../plan';
import { holderToStop } from '../resources/ports';

/** For redirects, and for connections with TLS, whose requests the shared load balancer does not see. */
const wholeHostMs = 60_000;
const mostShown = 3;

/** A route that another environment has. */
export interface TakenRoute {
  route: SharedRoute;
  by: string;
}

/** The routes of a stack at the shared load balancer of its host. */
export function sharedRoutesOf({ front }: Pick<Stack, 'front'>): SharedRoute[] {
  if (!front?.shared) return [];
  const { shared, redirects, automatic } = front;
  const named = front.routes.flatMap((route) => (route.host === undefined ? [] : [{ ...route, host: route.host }]));
  const plain = named
    .filter(({ listen }) => listen === shared.port)
    .map(({ listen, host, path, timeoutMs }) => ({ port: listen, host, path, timeoutMs }));
  const withTls = named.filter(({ listen }) => listen === shared.tlsPort);
  const hosts = [...new Set(withTls.map(({ host }) => host))];
  const whole = (port: number, host: string): SharedRoute => ({ port, host, path: '/', timeoutMs: wholeHostMs });
  return [
    ...plain,
    ...hosts.flatMap((host) => [
      { ...whole(shared.tlsPort!, host), tls: true as const },
      ...(redirects.some(({ from }) => from === shared.port) ? [whole(shared.port, host)] : []),
    ]),
    ...(automatic?.hosts ?? []).filter((host) => !hosts.includes(host)).map((host) => whole(shared.port, host)),
  ];
}

/** What the plan shows at the load balancer: the addresses at which the shared one passes requests on. */
export function sharedNotes(stack: Pick<Stack, 'front'>): string[] {
  const addresses = sharedRoutesOf(stack).map(
    ({ tls, host, port, path }) => `${tls ? 'https' : 'http'}://${host}:${port}${path}`,
  );
  if (addresses.length === 0) return [];
  const more = addresses.length > mostShown ? ` and ${addresses.length - mostShown} more` : '';
  return [`by the shared load balancer: ${addresses.slice(0, mostShown).join(', ')}${more}`];
}

/** The routes that an environment wants and others have. */
export function takenRoutes(wanted: SharedRoutes, all: readonly SharedRoutes[]): TakenRoute[] {
  const others = all.filter((other) => nameOf(other) !== nameOf(wanted));
  return wanted.routes.flatMap((route) => {
    const owner = others.find(({ routes }) => routes.some((other) => overlaps(route, other)));
    return owner ? [{ route, by: nameOf(owner) }] : [];
  });
}

/** Refuses routes of other environments, and a port that something else publishes. */
export function refuseShared(stack: Stack, observation: Observation): Refusal[] {
  const routes = sharedRoutesOf(stack);
  if (routes.length === 0) return [];
  const { name, environment } = stack;
  return [
    ...refuseTaken(stack, takenRoutes({ stack: name, environment, routes }, observation.shared ?? [])),
    ...portsOf([{ routes }]).flatMap((port) => refusePort(port, stack, observation)),
  ];
}

/** Refusals of routes that others have, at the services that expose them. */
export function refuseTaken({ front }: Pick<Stack, 'front'>, taken: readonly TakenRoute[]): Refusal[] {
  return taken.map(({ route, by }) => {
    const service = front?.routes.find(({ host, path }) => host === route.host && path === route.path)?.service;
    return {
      path: service === undefined ? 'infrastructure.load_balancer.shared' : `services.${service}.expose`,
      message:
        `${route.host}${route.tls ? '' : route.path} on port ${route.port} belongs to ${by}; ` +
        `choose another host or path, or stop ${by}, or remove the route there`,
    };
  });
}

function refusePort(port: number, { front }: Stack, { portsInUse }: Observation): Refusal[] {
  const holder = portsInUse.find(
    (each) => each.port === port && each.protocol === 'tcp' && each.by !== `the container ${sharedContainer(port)}`,
  );
  if (!holder) return [];
  const isOfOurs = holder.by.includes(`-${balancerName}-`);
  return [
    {
      path: `infrastructure.load_balancer.${port === front?.shared?.tlsPort ? 'https_port' : 'http_port'}`,
      message:
        `host port ${port} is in use by ${holder.by}; choose another port, or stop ${holderToStop(holder.by)}` +
        (isOfOurs ? ', or set infrastructure.load_balancer.shared: true in its stack too' : ''),
    },
  ];
}

/**
 * The same host and path; a wildcard overlaps every host below it, whatever the paths. A port has TLS for all or none.
 */
function overlaps(a: SharedRoute, b: SharedRoute): boolean {
  if (a.port !== b.port) return false;
  if (a.tls !== b.tls) return true;
  return a.host === b.host
    ? withoutEndingSlash(a.path) === withoutEndingSlash(b.path)
    : covers(a.host, b.host) || covers(b.host, a.host);
}

function covers(wildcard: string, host: string): boolean {
  return wildcard.startsWith('*.') && host.endsWith(wildcard.slice(1));
}

/** `shop/staging`. */
export function nameOf({ stack, environment }: Pick<SharedRoutes, 'stack' | 'environment'>): string {
  return `${stack}/${environment}`;
}
