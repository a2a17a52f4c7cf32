import type { Service, ServiceStrategy } from '../../model/stack';

/** A service's strategy; releases of 0.1 have the bare word. */
export function strategyOf({ strategy }: Pick<Service, 'strategy'>): ServiceStrategy {
  return typeof strategy === 'string' ? { kind: strategy } : strategy;
}
