import { joinedServices } from '../model/instance';
import type { Service } from '../model/stack';

type Services = Record<string, Pick<Service, 'dependsOn' | 'phase'>>;
type Following = Pick<Service, 'networkMode' | 'ipc' | 'pid' | 'restartsWith'>;

/** Services in dependency order. Expects no cycles: the configuration refuses them. */
export function inOrder(services: Services): string[] {
  const order: string[] = [];
  const seen = new Set<string>();
  const visit = (name: string): void => {
    if (seen.has(name) || !services[name]) return;
    seen.add(name);
    for (const dependency of Object.keys(services[name].dependsOn)) visit(dependency);
    order.push(name);
  };
  for (const name of Object.keys(services)) visit(name);
  return order;
}

/** The named services and everything they depend on. */
export function withDependencies(services: Services, names: readonly string[]): Set<string> {
  const found = new Set<string>();
  const visit = (name: string): void => {
    if (found.has(name) || !services[name]) return;
    found.add(name);
    for (const dependency of Object.keys(services[name].dependsOn)) visit(dependency);
  };
  for (const name of names) visit(name);
  return found;
}

/** Names of the direct dependants of a service. */
export function dependants(services: Services, name: string): string[] {
  return Object.keys(services).filter((other) => name in services[other]!.dependsOn);
}

/** The services that a service follows: it is replaced with them, because it joins their namespaces, or asks for it. */
export function followedServices(service: Following): string[] {
  return [...new Set([...Object.values(joinedServices(service)), ...(service.restartsWith ?? [])])];
}

/** The named services and all that follow them, directly or through each other. */
export function withFollowers(services: Record<string, Following>, names: Iterable<string>): Set<string> {
  const found = new Set(names);
  const all = Object.entries(services);
  for (let size = -1; size !== found.size;) {
    size = found.size;
    for (const [name, service] of all) if (followedServices(service).some((each) => found.has(each))) found.add(name);
  }
  return found;
}

/** The scope of a deployment of the named services: everything that they depend on, and all that follow these. */
export function scopeOf(services: Services & Record<string, Following>, names: readonly string[]): Set<string> {
  let scope = withDependencies(services, names);
  for (let size = -1; size !== scope.size;) {
    size = scope.size;
    scope = withDependencies(services, [...withFollowers(services, scope)]);
  }
  return scope;
}
