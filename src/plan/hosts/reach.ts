import { isOnCluster } from '../../model/stack/runtime-of';
import type { Service, Stack } from '../../model/stack';
import { isNodePort } from '../../kubernetes/traffic/reach';

/**
 * Whether services on other hosts can reach a service: through a fixed port of its host; on a cluster, only with a
 * NodePort or LoadBalancer service type.
 */
export function isReachable(service: Service, stack: Stack): boolean {
  const fixed = service.ports.filter(
    ({ published, hostIp }) => published && published.from === published.to && !hostIp?.startsWith('127.'),
  );
  if (!isOnCluster(service, stack)) return fixed.length > 0;
  const { serviceType = 'ClusterIP' } = stack.infrastructure.cluster ?? {};
  return serviceType === 'NodePort'
    ? fixed.some(({ published }) => isNodePort(published!.from))
    : serviceType === 'LoadBalancer' && fixed.length > 0;
}

/** Networks that two services share. */
export function sharedNetworks(one: Service, other: Service): string[] {
  return Object.keys(one.networks).filter((name) => name in other.networks);
}

/**
 * `name:address` of the services on other hosts that share a network with a service: Docker networks end at the host.
 */
export function namesElsewhere(
  service: Service,
  stack: Stack,
  hostOf: (service: string) => string | undefined,
): string[] {
  const own = hostOf(service.name);
  return Object.values(stack.services).flatMap((other) => {
    const host = hostOf(other.name);
    const address = stack.hosts?.find(({ name }) => name === host)?.address;
    if (host === own || address === undefined || !isReachable(other, stack)) return [];
    const names = [
      other.name,
      ...sharedNetworks(service, other).flatMap((network) => other.networks[network]!.aliases),
    ];
    return sharedNetworks(service, other).length > 0 ? [...new Set(names)].map((name) => `${name}:${address}`) : [];
  });
}
