import type { SharedRoutes } from '../../model/traffic';
import { sleepLong } from '../../guard/timers';
import { RuntimeError } from '../../runtimes/runtime';
import type { SharedBalancers } from './shared-balancer';

const everyMs = 10_000;

/** Resolves once the shared load balancers are no longer in line, twice in a row: Docker restarts what it stopped. */
export async function watchShared(
  balancers: SharedBalancers,
  all: readonly SharedRoutes[],
  signal: AbortSignal,
): Promise<void> {
  for (let before = false; ;) {
    await sleepLong(everyMs, signal);
    const differs = await balancers.differs(all).catch((error: unknown) => {
      if (error instanceof RuntimeError && error.kind === 'platform') return false;
      return true;
    });
    if (differs && before) return;
    before = differs;
  }
}
