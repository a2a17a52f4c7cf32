import type { Service } from '../../model/stack';
import { strategyOf } from '../strategies/strategy-of';

/** Every image that instances of a service, and tests of them, are made of. */
export function imagesOf(service: Pick<Service, 'image' | 'strategy'>): string[] {
  const strategy = strategyOf(service);
  const test = strategy.kind === 'blue_green' ? strategy.smokeTest?.image : undefined;
  return [service.image, test].filter((image): image is string => image !== undefined);
}
