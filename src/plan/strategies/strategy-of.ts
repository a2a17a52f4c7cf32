import type { Service, ServiceStrategy } from '../../model/stack';

/** A service's strategy; a plain string in releases of 0.1. */
export function strategyOf({ strategy }: Pick<Service, 'strategy'>): ServiceStrategy {
  return typeof strategy === 'string' ? { kind: strategy } : strategy;
}
