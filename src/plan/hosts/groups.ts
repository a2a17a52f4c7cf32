import { joinedServices } from '../../model/instance';
import { isOnCluster } from '../../model/stack/runtime-of';
import type { Service, Stack } from '../../model/stack';
import { balancerName } from '../../model/traffic';
import { isReachable, sharedNetworks } from './reach';

/** Services that must run on one host, with a reason for each but the first. */
export interface Group {
  services: Service[];
  reasons: string[];
}

/** A reason why two services must share a host. */
interface Bond {
  one: string;
  other: string;
  reason: string;
}

/** Groups the services of a stack that must share a host. */
export function groupsOf(stack: Stack): Group[] {
  const groups = new Map<string, Group>(
    Object.values(stack.services).map((service) => [service.name, { services: [service], reasons: [] }]),
  );
  for (const { one, other, reason } of [
    ...byDependency(stack),
    ...byNamespace(stack),
    ...byVolume(stack),
    ...byFront(stack),
  ]) {
    const [into, from] = [groups.get(one)!, groups.get(other)!];
    if (into === from) continue;
    into.services.push(...from.services);
    into.reasons.push(...from.reasons, reason);
    for (const { name } of from.services) groups.set(name, into);
  }
  return [...new Set(groups.values())];
}

/** Networks end at the host: from another one, a dependant reaches its dependency only through a fixed host port. */
function byDependency(stack: Stack): Bond[] {
  const { services, hosts = [] } = stack;
  const isKnown = hosts.every(({ address }) => address !== undefined);
  return Object.values(services).flatMap((service) =>
    Object.keys(service.dependsOn).flatMap((name): Bond[] => {
      const dependency = services[name];
      if (
        !dependency ||
        sharedNetworks(service, dependency).length === 0 ||
        (isReachable(dependency, stack) && isKnown)
      )
        return [];
      const remedy = isReachable(dependency, stack)
        ? 'a host has no address'
        : isOnCluster(dependency, stack)
          ? `${name} has no fixed port outside its cluster`
          : `${name} publishes no fixed port`;
      return [{ one: name, other: service.name, reason: `${service.name} depends on ${name} (${remedy})` }];
    }),
  );
}

function byNamespace({ services }: Stack): Bond[] {
  return Object.values(services).flatMap((service) =>
    Object.values(joinedServices(service))
      .filter((one) => services[one])
      .map((one) => ({ one, other: service.name, reason: `${service.name} joins a namespace of ${one}` })),
  );
}

function byVolume({ services }: Stack): Bond[] {
  const first = new Map<string, string>();
  return Object.values(services).flatMap(({ name, mounts }) =>
    mounts.flatMap((mount): Bond[] => {
      if (mount.type !== 'volume') return [];
      const one = first.get(mount.volume);
      if (one === undefined) first.set(mount.volume, name);
      return one === undefined || one === name
        ? []
        : [{ one, other: name, reason: `${one} and ${name} mount the volume ${mount.volume}` }];
    }),
  );
}

/** The load balancer reaches its targets on networks of its own host. */
function byFront({ front, services }: Stack): Bond[] {
  const exposed = [...new Set(front?.routes.map(({ service }) => service))].filter((name) => services[name]);
  return exposed.map((other) => ({ one: balancerName, other, reason: `the load balancer sends requests to ${other}` }));
}
