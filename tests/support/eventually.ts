import { setTimeout as sleep } from 'node:timers/promises';

/** Tries until it passes; what it says last is the failure. */
export async function eventually(expectation: () => Promise<void>, limitMs = 30_000): Promise<void> {
  for (const begin = Date.now(); ; await sleep(50)) {
    try {
      return await expectation();
    } catch (error) {
      if (Date.now() - begin > limitMs) throw error;
    }
  }
}
