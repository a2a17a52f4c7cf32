import { describeUnless, skippedTitle } from './parts';

/** Whether this is `npm run test:full`; `npm test` leaves out what takes long, to run before each landing. */
export const isFull = process.env.DEPLOY_CODE_TEST_FULL === '1';

const missing = isFull ? undefined : 'takes long; npm run test:full runs it';

/** `describe` of `npm run test:full` only. */
export function describeInFull(title: string, suite: () => void): void {
  describeUnless(missing, title, suite);
}

/** `it` of `npm run test:full` only. */
export function itInFull(title: string, test: () => Promise<void>, timeoutMs?: number): void {
  if (missing) it.skip(skippedTitle(title, missing), test, timeoutMs);
  else it(title, test, timeoutMs);
}
