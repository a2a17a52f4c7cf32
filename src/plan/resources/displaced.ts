import { hasWorkloads } from '../../model/runtimes';
import type { Service, ServicePort, Stack } from '../../model/stack';
import { addressesOverlap } from '../../model/names/host-port';
import type { PortBinding } from '../../model/instance';
import type { Observation } from '../../model/observation';
import { balancerName } from '../../model/traffic';

/**
 * Services whose running instances hold a host port that another service of the stack needs: they are stopped first,
 * and started again in their own phase. `left`: services outside the scope of the deployment.
 */
export function displacedServices(stack: Stack, observation: Observation, left: ReadonlySet<string>): Set<string> {
  if (hasWorkloads(stack)) return new Set();
  const services = Object.values(stack.services).filter(({ name }) => !left.has(name));
  const claims = services.flatMap((service) => fixedPorts(service).map((port) => ({ service, port })));
  const displaced = observation.instances.filter(({ service: name, ports }) => {
    const holder = stack.services[name];
    if (!holder || left.has(name)) return false;
    const wanted = ports
      .filter((port) => !keepsPort(holder, port))
      .flatMap((port) => claims.filter((claim) => isSamePort(claim.port, port)));
    return wanted.some(({ service }) => service.name !== name);
  });
  return new Set(displaced.map(({ service }) => service));
}

function fixedPorts({ name, ports }: Service): ServicePort[] {
  return name === balancerName ? [] : ports.filter(({ published }) => published && published.from === published.to);
}

function isSamePort({ published, protocol, hostIp }: ServicePort, port: PortBinding): boolean {
  return published?.from === port.host && protocol === port.protocol && addressesOverlap(hostIp, port.hostIp);
}

/** Whether a service still publishes a port of its instance. */
export function keepsPort({ ports }: Service, { host, protocol }: PortBinding): boolean {
  return ports.some(
    ({ published, protocol: other }) =>
      other === protocol && (!published || (host >= published.from && host <= published.to)),
  );
}
