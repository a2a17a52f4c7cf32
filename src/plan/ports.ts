import type { Service, ServicePort, Stack } from '../config/stack';
import { isNodePort } from '../kubernetes/reach';
import type { PortBinding } from '../model/instance';
import type { Observation } from '../model/observation';
import { balancerName } from '../model/traffic';
import type { Refusal } from './plan';
import { strategyOf } from './strategies/strategy-of';

/** Hands out host ports. The engine chooses them, for those that Docker chooses change at every start. */
export class PortAllocator {
  private readonly taken = new Map<string, string>();
  /** Ports that their holders give up before the load balancer, the last of all, takes them. */
  private readonly givenUp = new Set<string>();
  /** Where the search in a range goes on: everything before is taken. */
  private readonly next = new Map<string, number>();
  readonly refusals: Refusal[] = [];

  constructor(private readonly stack: Stack, observation: Observation) {
    for (const { port, protocol, by } of observation.portsInUse) this.taken.set(`${port}/${protocol}`, by);
    for (const instance of observation.instances) {
      for (const port of instance.ports) {
        const key = `${port.host}/${port.protocol}`;
        this.taken.set(key, owner(instance.service, instance.ordinal));
        if (this.isGivenUp(instance.service, port)) this.givenUp.add(key);
      }
    }
  }

  /** Ports of one instance. It may take over those of its predecessor, unless that runs beside it. */
  allocate(service: Service, ordinal: number, predecessor: PortBinding[] = [], beside = false): PortBinding[] {
    if (this.stack.runtime === 'kubernetes') return service.ports.map((port, index) => this.onCluster(service, port, index));
    const mine = beside ? `${owner(service.name, ordinal)} (new)` : owner(service.name, ordinal);
    return service.ports.map((port, index) => ({
      container: port.container,
      protocol: port.protocol,
      ...(port.hostIp !== undefined && { hostIp: port.hostIp }),
      host: this.choose(service, mine, port, index, beside ? [] : predecessor),
    }));
  }

  /** A service has an address of its own, and all of its ports; those of nodes are everybody's. */
  private onCluster({ name }: Service, port: ServicePort, index: number): PortBinding {
    const { container, protocol } = port;
    const host = port.published?.from ?? container;
    const key = `${host}/${protocol}`;
    const mine = owner(name, 1);
    const by = this.taken.get(key) ?? mine;
    if (this.stack.infrastructure.cluster?.serviceType === 'NodePort' && isNodePort(host)) {
      if (by !== mine) this.refusals.push({ path: `services.${name}.ports.${index}`, message: `port ${key} of the nodes is in use by ${by}; choose another, or stop that` });
      this.take(host, port, by);
    }
    return { container, host, protocol };
  }

  private choose(service: Service, mine: string, port: ServicePort, index: number, predecessor: PortBinding[]): number {
    const range = port.published ?? this.stack.infrastructure.portRange;
    const free = (candidate: number) => {
      const key = `${candidate}/${port.protocol}`;
      return [undefined, mine].includes(this.taken.get(key)) || (service.name === balancerName && this.givenUp.has(key));
    };
    const before = predecessor.find((each) => each.container === port.container && each.protocol === port.protocol)?.host;
    if (before && before >= range.from && before <= range.to && free(before)) return this.take(before, port, mine);
    const search = `${range.from}-${range.to}/${port.protocol}`;
    for (let candidate = this.next.get(search) ?? range.from; candidate <= range.to; candidate += 1) {
      this.next.set(search, range.from === range.to ? candidate : candidate + 1);
      if (this.taken.get(`${candidate}/${port.protocol}`) === undefined || (range.from === range.to && free(candidate))) return this.take(candidate, port, mine);
    }
    const by = this.taken.get(`${range.from}/${port.protocol}`);
    const message = range.from === range.to
      ? `host port ${range.from} is in use by ${by}; choose another, or stop that`
      : `no host port of ${range.from}-${range.to} is free; give a wider range`;
    this.refusals.push({ path: `services.${service.name}.ports.${index}`, message });
    return range.from;
  }

  /** Its service goes on without it, and stops the instances that have it as it goes. */
  private isGivenUp(name: string, { host, protocol }: PortBinding): boolean {
    const service = this.stack.services[name];
    if (!service || !['recreate', 'rolling'].includes(strategyOf(service).kind)) return false;
    return !service.ports.some(({ published, protocol: other }) => other === protocol && (!published || (host >= published.from && host <= published.to)));
  }

  private take(candidate: number, port: ServicePort, by: string): number {
    this.taken.set(`${candidate}/${port.protocol}`, by);
    return candidate;
  }
}

function owner(service: string, ordinal: number): string {
  return `${service}-${ordinal}`;
}
