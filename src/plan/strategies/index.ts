import type { Service } from '../../model/stack';
import { blueGreen } from './blue-green';
import { canary } from './canary';
import { recreate } from './recreate';
import { rolling } from './rolling';
import type { Replacement, Rollout } from './strategy';
import { strategyOf } from './strategy-of';

/** Replaces the old instances of a service by its new ones, by its strategy. */
export function rollOut(replacement: Replacement, service: Pick<Service, 'strategy'>): Rollout {
  const strategy = strategyOf(service);
  switch (strategy.kind) {
    case 'recreate':
      return recreate(replacement, strategy);
    case 'rolling':
      return rolling(replacement, strategy);
    case 'blue_green':
      return blueGreen(replacement, strategy);
    case 'canary':
      return canary(replacement, strategy);
  }
}
