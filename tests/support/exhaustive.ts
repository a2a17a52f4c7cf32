/** Whether this is `npm run test:full`; `npm test` leaves out what takes long, to run before each landing. */
export const isFull = process.env.DEPLOY_CODE_TEST_FULL === '1';

/** `it` and `describe` of `npm run test:full` only. */
export const itInFull = isFull ? it : it.skip;
export const describeInFull = isFull ? describe : describe.skip;
