import { setTimeout as sleep } from 'node:timers/promises';
import type { Balancer } from '../../runtimes/runtime';
import { monotonicMs } from '../../guard/monotonic';
import { sleepLong } from '../../guard/timers';

/** A request that was sent on just before the switch may not have opened its connection yet. */
const settleMs = 150;
const firstPollMs = 50;
const longestPollMs = 1000;

export interface DrainOptions {
  timeoutMs: number;
  signal?: AbortSignal;
  note?: (details: { open: number }) => void;
}

/**
 * Waits until no request is open at addresses that get no new ones, or the time is over; resolves with how many still
 * are.
 */
export async function drain(
  balancer: Balancer,
  addresses: string[],
  { timeoutMs, signal, note }: DrainOptions,
): Promise<number> {
  const deadline = monotonicMs() + timeoutMs;
  await sleep(Math.min(settleMs, timeoutMs), undefined, { signal });
  for (let delay = firstPollMs; ; delay = Math.min(delay * 2, longestPollMs)) {
    const open = await balancer.openRequests(addresses);
    note?.({ open });
    if (open === 0 || monotonicMs() >= deadline) return open;
    await sleepLong(Math.min(delay, Math.max(1, deadline - monotonicMs())), signal);
  }
}
