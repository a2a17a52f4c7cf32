import type { Service } from '../../model/stack';
import { followedServices } from '../graph';

/** Services in the order of the file, each after those that it follows. */
export function inOrderOfFollowing(services: Record<string, Service>): Service[] {
  const order = new Set<Service>();
  const visit = (service: Service | undefined, trail: readonly Service[]): void => {
    if (!service || order.has(service) || trail.includes(service)) return;
    for (const name of followedServices(service)) visit(services[name], [...trail, service]);
    order.add(service);
  };
  for (const service of Object.values(services)) visit(service, []);
  return [...order];
}
