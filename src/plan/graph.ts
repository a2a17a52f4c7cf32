import type { Service } from '../model/stack';

type Services = Record<string, Pick<Service, 'dependsOn' | 'phase'>>;

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
