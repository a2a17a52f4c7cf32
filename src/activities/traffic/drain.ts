import { setTimeout as sleep } from 'node:timers/promises';
import type { Balancer } from '../../runtimes/runtime';
import { monotonicMs } from '../../guard/monotonic';
import { sleepLong } from '../../guard/timers';

/** A request that was forwarded just before the switch may not have opened its connection yet. */
const settleMs = 150;
const firstPollMs = 50;
const longestPollMs = 1000;

export interface DrainOptions {
  timeoutMs: number;
  signal?: AbortSignal;
  heartbeat?: (details: { open: number }) => void;
}

/**
 * Waits until no request to the addresses, which get no new ones, is open, or the timeout is over; resolves with the
 * number still open.
 */
export async function drain(
  balancer: Balancer,
  addresses: string[],
  { timeoutMs, signal, heartbeat }: DrainOptions,
): Promise<number> {
  const deadline = monotonicMs() + timeoutMs;
  await sleep(Math.min(settleMs, timeoutMs), undefined, { signal });
  for (let delay = firstPollMs; ; delay = Math.min(delay * 2, longestPollMs)) {
    const open = await balancer.openRequests(addresses);
    heartbeat?.({ open });
    if (open === 0 || monotonicMs() >= deadline) return open;
    await sleepLong(Math.min(delay, Math.max(1, deadline - monotonicMs())), signal);
  }
}
