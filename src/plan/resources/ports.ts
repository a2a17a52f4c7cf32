import { hasWorkloads } from '../../model/runtimes';
import type { Service, ServicePort, Stack } from '../../model/stack';
import { isNodePort } from '../../kubernetes/traffic/reach';
import { addressesOverlap } from '../../model/names/host-port';
import type { PortBinding } from '../../model/instance';
import type { Observation } from '../../model/observation';
import { balancerName, sharedContainer } from '../../model/traffic';
import { keepsPort } from './displaced';
import type { Refusal } from '../plan';
import { strategyOf } from '../strategies/strategy-of';

interface Holder {
  by: string;
  hostIp?: string;
  /** When the holder gives up the port, if it does. */
  leaves?: 'before-all' | 'before-balancer';
}

/** Allocates host ports. The engine chooses them, because ports chosen by Docker change at every start. */
export class PortAllocator {
  /** Holders by port (`80/tcp`): several, if they bind different addresses of the host. */
  private readonly holders = new Map<string, Holder[]>();
  /** Next candidate in a range: all ports before it are taken. */
  private readonly next = new Map<string, number>();
  readonly refusals: Refusal[] = [];

  constructor(
    private readonly stack: Stack,
    observation: Observation,
    displaced: ReadonlySet<string>,
  ) {
    for (const { port, protocol, by, hostIp } of observation.portsInUse)
      this.hold(`${port}/${protocol}`, { by, hostIp });
    for (const { service, ordinal, ports } of observation.instances) {
      for (const port of ports) {
        const leaves = this.whenLeft(service, port, displaced);
        this.hold(`${port.host}/${port.protocol}`, {
          by: owner(service, ordinal),
          hostIp: port.hostIp,
          ...(leaves && { leaves }),
        });
      }
    }
  }

  /** The ports of one instance. It may reuse those of its predecessor, unless both run in parallel. */
  allocate(service: Service, ordinal: number, predecessor: PortBinding[] = [], beside = false): PortBinding[] {
    if (hasWorkloads(this.stack)) return service.ports.map((port, index) => this.onCluster(service, port, index));
    const mine = beside ? `${owner(service.name, ordinal)} (new)` : owner(service.name, ordinal);
    return service.ports.map((port, index) => ({
      container: port.container,
      protocol: port.protocol,
      ...(port.hostIp !== undefined && { hostIp: port.hostIp }),
      host: this.choose(service, mine, port, index, beside ? [] : predecessor),
    }));
  }

  /** A cluster service has its own address and all ports of it; node ports are shared. */
  private onCluster({ name }: Service, port: ServicePort, index: number): PortBinding {
    const { container, protocol } = port;
    const host = port.published?.from ?? container;
    const key = `${host}/${protocol}`;
    const mine = owner(name, 1);
    if (this.stack.infrastructure.cluster?.serviceType === 'NodePort' && isNodePort(host)) {
      const other = this.holders.get(key)?.find(({ by }) => by !== mine);
      if (other) {
        const message = `node port ${key} is in use by ${other.by}; choose another port, or stop ${other.by}`;
        this.refusals.push({ path: `services.${name}.ports.${index}`, message });
      }
      this.hold(key, { by: other?.by ?? mine });
    }
    return { container, host, protocol };
  }

  private choose(service: Service, mine: string, port: ServicePort, index: number, predecessor: PortBinding[]): number {
    const range = port.published ?? this.stack.infrastructure.portRange;
    const isFixed = range.from === range.to;
    const inTheWay = (candidate: number) => this.inTheWay(candidate, port, mine, service.name);
    const before = predecessor.find(
      (each) => each.container === port.container && each.protocol === port.protocol,
    )?.host;
    if (before && before >= range.from && before <= range.to && !inTheWay(before)) return this.take(before, port, mine);
    const search = `${range.from}-${range.to}/${port.protocol}@${port.hostIp ?? ''}`;
    for (let candidate = this.next.get(search) ?? range.from; candidate <= range.to; candidate += 1) {
      this.next.set(search, isFixed ? candidate : candidate + 1);
      if (isFixed ? !inTheWay(candidate) : this.isUnused(candidate, port)) return this.take(candidate, port, mine);
    }
    const by = inTheWay(range.from)?.by;
    const message = isFixed
      ? `host port ${range.from} is in use by ${by}; choose another port, or stop ${holderToStop(by)}`
      : `no host port in ${range.from}-${range.to} is free; widen the range`;
    this.refusals.push(
      service.name === balancerName
        ? this.ofBalancer(range.from, message, by ?? '')
        : { path: `services.${service.name}.ports.${index}`, message },
    );
    return range.from;
  }

  /** Names the key that gives the load balancer the port; the port itself stands nowhere in the file. */
  private ofBalancer(port: number, message: string, by: string): Refusal {
    const routes = this.stack.front?.routes.filter(({ listen }) => listen === port) ?? [];
    const own = routes.find(({ key, service, port: to }) => key.startsWith(`${service}=${to}=${port}`));
    if (own) return { path: `services.${own.service}.expose.host_port`, message };
    const key = routes.some(({ tls }) => tls) ? 'https_port' : 'http_port';
    const isShared = by === `the container ${sharedContainer(port)}`;
    const isBalancer = isShared || by.includes(`-${balancerName}-`);
    const remedy = isShared
      ? '; set infrastructure.load_balancer.shared: true to share it'
      : '; set infrastructure.load_balancer.shared: true in both stacks to share it';
    return {
      path: `infrastructure.load_balancer.${key}`,
      message: isBalancer && key === 'http_port' && routes.length > 0 ? message + remedy : message,
    };
  }

  /** The holder that blocks a port for a service; ignores the instance itself and holders that leave before. */
  private inTheWay(
    candidate: number,
    { protocol, hostIp }: ServicePort,
    mine: string,
    service: string,
  ): Holder | undefined {
    return this.holders.get(`${candidate}/${protocol}`)?.find((holder) => {
      const hasLeft =
        holder.leaves === 'before-all' || (holder.leaves === 'before-balancer' && service === balancerName);
      return holder.by !== mine && !hasLeft && addressesOverlap(holder.hostIp, hostIp);
    });
  }

  private isUnused(candidate: number, { protocol, hostIp }: ServicePort): boolean {
    const holders = this.holders.get(`${candidate}/${protocol}`) ?? [];
    return !holders.some((holder) => addressesOverlap(holder.hostIp, hostIp));
  }

  /** When an observed instance gives up a port during the deployment; undefined if it keeps it. */
  private whenLeft(name: string, port: PortBinding, displaced: ReadonlySet<string>): Holder['leaves'] {
    const service = this.stack.services[name];
    if (!service || displaced.has(name)) return 'before-all';
    if (!['recreate', 'rolling'].includes(strategyOf(service).kind)) return undefined;
    return keepsPort(service, port) ? undefined : 'before-balancer';
  }

  private take(candidate: number, { protocol, hostIp }: ServicePort, by: string): number {
    this.hold(`${candidate}/${protocol}`, { by, hostIp });
    return candidate;
  }

  private hold(key: string, holder: Holder): void {
    this.holders.set(key, [...(this.holders.get(key) ?? []), holder]);
  }
}

function owner(service: string, ordinal: number): string {
  return `${service}-${ordinal}`;
}

/** The holder of a port in the advice to stop it: `that process` for one without a name. */
export function holderToStop(holder: string | undefined): string | undefined {
  return holder?.startsWith('a process ') ? 'that process' : holder;
}
