import { setTimeout as sleep } from 'node:timers/promises';

const pauseMs = 20;

/** Checks that something holds all the time. @throws Error as soon as it does not */
export async function holdsFor(periodMs: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const begin = Date.now(); Date.now() - begin < periodMs; await sleep(pauseMs))
    if (!(await holds())) throw new Error(`this ceased to hold after ${Date.now() - begin} ms: ${String(holds)}`);
}
