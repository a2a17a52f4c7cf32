import type { Service } from '../../model/stack';
import { strategyOf } from '../strategies/strategy-of';

/** All images of a service: of its instances, and of its smoke test. */
export function imagesOf(service: Pick<Service, 'image' | 'strategy'>): string[] {
  const strategy = strategyOf(service);
  const test = strategy.kind === 'blue_green' ? strategy.smokeTest?.image : undefined;
  return [service.image, test].filter((image): image is string => image !== undefined);
}
