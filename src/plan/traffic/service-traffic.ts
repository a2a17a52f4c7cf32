import { sameTable, tableOf } from '../../balancer/tables';
import { qualified } from '../../kubernetes/names';
import { runtimeTraits, type RuntimeName } from '../../model/runtimes';
import type { InstanceRef, InstanceSpec } from '../../model/instance';
import type { ObservedInstance } from '../../model/observation';
import type { Route, RouteTable, TrafficState } from '../../model/traffic';
import { toRef } from '../service/instance-spec';
import type { Drain, Gate, Lane } from '../plan';
import type { StepFactory } from '../steps';

/** Default timeout for open requests to finish. */
export const defaultDrainMs = 30_000;

export type Running = InstanceSpec | ObservedInstance;

/** Instances that share a part of a service's requests. */
export interface SharedBy {
  instances: readonly Running[];
  /** In per cent. */
  weight: number;
}

export interface ServiceTrafficOptions {
  service: string;
  routes: Route[];
  runtime: RuntimeName;
  /** The load balancer that runs while the service is replaced; absent if none runs yet. */
  balancer?: InstanceRef;
  state?: TrafficState;
  drainMs: number;
  steps: StepFactory;
}

/** Tracks the targets of one service's routes through the steps of a plan. */
export class ServiceTraffic {
  private tables: RouteTable[];
  /** The final targets of its routes, as planned so far. */
  decided?: RouteTable[];
  /** Addresses of the new instances among the final targets. */
  newAddresses: string[] = [];

  constructor(private readonly options: ServiceTrafficOptions) {
    this.tables = options.routes.map(
      ({ key }) => options.state?.tables.find(({ route }) => route === key) ?? { route: key, targets: [] },
    );
  }

  /** Whether requests come through a running load balancer. */
  get flows(): boolean {
    return this.options.balancer !== undefined && this.options.routes.length > 0;
  }

  /** Whether an instance gets no requests while other instances of its service do. */
  passesBy(instance: Running): boolean {
    const { routes, runtime, state } = this.options;
    const targets = routes.flatMap(({ key, port }) =>
      (state?.tables.find(({ route }) => route === key)?.targets ?? []).map((target) => ({ ...target, port })),
    );
    return targets.length > 0 && !targets.some(({ address, port }) => address === addressOf(instance, port, runtime));
  }

  tablesFor(shares: readonly SharedBy[]): RouteTable[] {
    const { routes, runtime } = this.options;
    const shared = shares.filter(({ instances }) => instances.length > 0);
    return routes.map(({ key, port }) =>
      tableOf(
        key,
        shared.map(({ instances, weight }) => ({
          weight,
          addresses: instances.map((instance) => addressOf(instance, port, runtime)),
        })),
      ),
    );
  }

  /** Sends the requests to these instances from here on; no step if they already go there. */
  to(shares: readonly SharedBy[], label: string): Lane {
    const { balancer, service, steps, state } = this.options;
    const before = this.tables;
    this.tables = this.tablesFor(shares);
    this.decided = this.tables;
    const { routes, runtime } = this.options;
    this.newAddresses = routes.flatMap(({ port }) =>
      shares.flatMap(({ instances }) => instances.filter(isNew)).map((instance) => addressOf(instance, port, runtime)),
    );
    const known = this.tables.every(({ route }) => state?.tables.some((each) => each.route === route));
    if (!balancer || (known && this.tables.every((table, index) => sameTable(before[index], table)))) return [];
    return [
      {
        ...steps.make({ kind: 'route', label, balancer, tables: this.tables, before }, service),
        gate: gateTo(shares, this.tables, before, balancer),
      },
    ];
  }

  /** The gate of a smoke test: new instances are healthy and reached, because they get requests next. */
  gateOf(next: InstanceSpec[]): Gate {
    const { balancer } = this.options;
    const shares = [{ instances: next, weight: 100 }];
    return balancer ? gateTo(shares, this.tablesFor(shares), this.tables, balancer) : { healthy: next.map(toRef) };
  }

  /** Lets an instance finish its open requests. */
  drain(instance: Running): Lane {
    const drain = this.drainOf(instance);
    return drain
      ? [this.options.steps.make({ kind: 'drain', instance: toRef(instance), ...drain }, instance.service)]
      : [];
  }

  /** The drain of an instance; undefined if it cannot have open requests. */
  drainOf(instance: Running): Drain | undefined {
    const { routes, balancer, runtime, drainMs } = this.options;
    return drainAt(instance, routes, balancer, runtime, drainMs);
  }
}

/**
 * Requires that all new instances are healthy, and that the load balancer reaches every added address.
 */
function gateTo(shares: readonly SharedBy[], tables: RouteTable[], before: RouteTable[], balancer: InstanceRef): Gate {
  const known = new Set(before.flatMap(({ targets }) => targets.map(({ address }) => address)));
  const added = tables
    .flatMap(({ targets }) => targets.map(({ address }) => address))
    .filter((address) => !known.has(address));
  return {
    healthy: shares.flatMap(({ instances }) => instances.filter(isNew)).map(toRef),
    ...(added.length > 0 && { reached: { balancer, addresses: [...new Set(added)] } }),
  };
}

function isNew(instance: Running): boolean {
  return !('state' in instance);
}

/** The drain of an instance behind these routes; undefined if it cannot have open requests. */
export function drainAt(
  instance: Running,
  routes: readonly Route[],
  balancer: InstanceRef | undefined,
  runtime: RuntimeName,
  timeoutMs = defaultDrainMs,
): Drain | undefined {
  if (!balancer || routes.length === 0) return undefined;
  return { balancer, addresses: [...new Set(routes.map(({ port }) => addressOf(instance, port, runtime)))], timeoutMs };
}

/** `host:port` of an instance: its name, or on the host's network the port that the engine allocated. */
export function addressOf({ name, ports }: Running, port: number, runtime: RuntimeName): string {
  switch (runtimeTraits[runtime].network) {
    case 'cluster':
      return `${qualified(name).name}:${port}`;
    case 'containers':
      return `${name}:${port}`;
    case 'host':
      return `127.0.0.1:${ports.find(({ container }) => container === port)?.host ?? port}`;
  }
}
