import { setTimeout as sleep } from 'node:timers/promises';

const checkEveryMs = 2000;

/**
 * The result of work that needs the engine. A request does not wait for an engine that is away.
 * @throws the error of the check as soon as it fails
 */
export async function whileReachable<T>(check: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  const over = new AbortController();
  try {
    return await Promise.race([work(), untilUnreachable(check, over.signal)]);
  } finally {
    over.abort();
  }
}

async function untilUnreachable(check: () => Promise<unknown>, signal: AbortSignal): Promise<never> {
  for (;;) {
    await sleep(checkEveryMs, undefined, { signal, ref: false });
    await check();
  }
}
