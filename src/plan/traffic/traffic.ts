import type { Service, Stack } from '../../model/stack';
import type { InstanceRef } from '../../model/instance';
import { isUp, type ObservedInstance } from '../../model/observation';
import { configurationRevision } from '../../balancer/nginx-config';
import {
  balancerName,
  isAutomatic,
  type CertificateFile,
  type Front,
  type Route,
  type RouteTable,
} from '../../model/traffic';
import { toRef } from '../service/instance-spec';
import type { ObservationIndex } from '../observation-index';
import type { Drain, Lane, Reachable } from '../plan';
import type { StepFactory } from '../steps';
import { defaultDrainMs, drainAt, ServiceTraffic } from './service-traffic';

/** The running load balancer, and the routes of all services. */
export class Traffic {
  private readonly services = new Map<string, ServiceTraffic>();
  /** The load balancer that runs now; it serves until the deployment replaces it. */
  private readonly balancer?: InstanceRef;
  /** The desired configuration, with the current versions of certificates. */
  readonly front?: Front;

  /** `left`: services outside the scope of a limited deployment. */
  constructor(
    private readonly stack: Stack,
    private readonly known: ObservationIndex,
    private readonly steps: StepFactory,
    private readonly left: ReadonlySet<string>,
  ) {
    const running = known.observation.traffic && known.instancesOf(balancerName).find(isUp);
    this.balancer = running && toRef(running);
    this.front = stack.front && {
      ...stack.front,
      revision: configurationRevision,
      certificates: stack.front.certificates.map((each) => ({ ...each, file: this.fileOf(each) })),
    };
  }

  /** The file name includes the version; a certificate from version 0.1 of the engine keeps its name. */
  private fileOf({ name }: CertificateFile): string {
    const { known } = this;
    const earlier = `${name}.${known.earlierSecret(name)}`;
    return known.observation.traffic?.front?.certificates.some(({ file }) => file === earlier)
      ? earlier
      : `${name}.${known.secret(name)}`;
  }

  of({ name, drainMs = defaultDrainMs }: Pick<Service, 'name' | 'drainMs'>): ServiceTraffic {
    const known = this.services.get(name);
    if (known) return known;
    const { stack, balancer, steps } = this;
    const routes = stack.front?.routes.filter(({ service }) => service === name) ?? [];
    const made = new ServiceTraffic({
      service: name,
      routes,
      runtime: stack.runtime,
      balancer,
      state: this.known.observation.traffic,
      drainMs,
      steps,
    });
    this.services.set(name, made);
    return made;
  }

  /** The final targets of all routes; for a service outside the deployment, its running instances. */
  finalTables(): RouteTable[] {
    const services = [...new Set(this.stack.front?.routes.map(({ service }) => service) ?? [])];
    return services.flatMap((name) => {
      const traffic = this.of(this.stack.services[name] ?? { name });
      return (
        traffic.decided ?? traffic.tablesFor([{ instances: this.known.instancesOf(name).filter(isUp), weight: 100 }])
      );
    });
  }

  /** The addresses of new instances that get requests after the deployment. */
  newAddresses(): Reachable[] {
    return [...this.services].flatMap(([service, { newAddresses }]) =>
      [...new Set(newAddresses)].map((address) => ({ service, address })),
    );
  }

  /** The drain of an instance whose service is no longer in the stack. */
  drainOfRemoved(instance: ObservedInstance): Drain | undefined {
    const served = new Set(this.stack.front?.routes.map(({ key }) => key));
    const routes =
      this.known.observation.traffic?.front?.routes.filter(
        ({ key, service }) => service === instance.service && !served.has(key),
      ) ?? [];
    return this.stack.services[balancerName] && drainAt(instance, routes, this.balancer, this.stack.runtime);
  }

  /**
   * Applies the stack's routes to a kept load balancer. Services outside a limited deployment keep their routes.
   */
  configure(): Lane {
    const before = this.known.observation.traffic?.front;
    if (!this.front || !this.balancer) return [];
    const { routes, redirects, certificates, ...settings } = this.front;
    const left = (route: Route) => this.left.has(route.service);
    const kept = (before?.routes ?? []).filter(left);
    const front = {
      ...settings,
      routes: [...routes.filter((route) => !left(route)), ...kept],
      redirects,
      certificates: [...certificates, ...stillNamed(kept, before, certificates)],
    };
    if (before && sameFront(before, front)) return [];
    return [
      this.steps.make({ kind: 'configure', balancer: this.balancer, front, ...(before && { before }) }, balancerName),
    ];
  }
}

/** Certificates that kept routes still need although the stack no longer has them. */
function stillNamed(
  kept: readonly Route[],
  before: Front | undefined,
  now: readonly CertificateFile[],
): CertificateFile[] {
  const names = new Set(kept.flatMap(({ tls }) => (tls && !isAutomatic(tls) ? [tls.certificate, tls.key] : [])));
  return (before?.certificates ?? []).filter(({ name }) => names.has(name) && !now.some((each) => each.name === name));
}

function sameFront(a: Front, b: Front): boolean {
  const canonical = ({ routes, redirects, certificates, trustedProxies = [], revision, automatic, shared }: Front) =>
    JSON.stringify([
      [...routes].sort((x, y) => (x.key < y.key ? -1 : 1)),
      redirects,
      certificates,
      trustedProxies,
      revision,
      automatic,
      shared,
    ]);
  return canonical(a) === canonical(b);
}
