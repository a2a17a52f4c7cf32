import { addressesOverlap } from '../../../model/names/host-port';
import type { Finding } from '../../problems';
import type { ServicePort } from '../../../model/stack';
import { runtimeOf } from '../../../model/stack/runtime-of';
import { at, eachService, type Rule } from '../rule';

const width = ({ published }: ServicePort): number => (published ? published.to - published.from + 1 : Infinity);

/** Each replica needs its own host port, except on a cluster, where the Service has its own address. */
export const replicasFitPorts: Rule = eachService((service, { stack }) =>
  service.ports.flatMap((port, index) =>
    runtimeOf(service, stack) !== 'kubernetes' && service.replicas > width(port)
      ? [
          at(
            service,
            ['ports', index],
            `${service.replicas} replicas cannot share ` +
              `${width(port) === 1 ? `host port ${port.published!.from}` : `${width(port)} host ports`}; give a ` +
              'range such as ' +
              `"${port.published!.from}-${port.published!.from + service.replicas - 1}:${port.container}"`,
          ),
        ]
      : [],
  ),
);

/** A fixed host port belongs to one service. With several hosts, the planner checks this for each host. */
export const portsDistinct: Rule = ({ stack }) => {
  if (stack.hosts || stack.runtime === 'kubernetes') return [];
  const owners = new Map<string, { name: string; hostIp?: string }[]>();
  const findings: Finding[] = [];
  for (const service of Object.values(stack.services)) {
    for (const [index, port] of service.ports.entries()) {
      if (width(port) !== 1) continue;
      const key = `${port.published!.from}/${port.protocol}`;
      const taken = owners.get(key) ?? [];
      const owner = taken.find(({ hostIp }) => addressesOverlap(hostIp, port.hostIp))?.name;
      const by = owner === service.name ? 'another entry of this service' : owner;
      if (owner)
        findings.push(at(service, ['ports', index], `host port ${key} is already used by ${by}; choose another`));
      else owners.set(key, [...taken, { name: service.name, hostIp: port.hostIp }]);
    }
  }
  return findings;
};

/** On the network of the host, containers cannot publish ports. */
export const hostNetworkPublishesNothing: Rule = eachService((service, { stack }) =>
  stack.infrastructure.networkMode === 'host' && runtimeOf(service, stack) === 'docker' && service.ports.length > 0
    ? [at(service, ['ports'], 'with network mode Host a container listens on the host itself; remove ports')]
    : [],
);
