import { setTimeout as sleep } from 'node:timers/promises';

const pauseMs = 10;

/** Waits until something holds. @throws Error where it does not within the limit, in ms */
export async function until(holds: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> {
  for (const deadline = Date.now() + limitMs; !(await holds()); await sleep(pauseMs)) {
    if (Date.now() > deadline)
      throw new Error(`this did not come to hold within ${limitMs / 1000} s: ${String(holds)}`);
  }
}
