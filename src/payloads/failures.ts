import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Encodes messages and stacks of failures as payloads, so that they are encrypted too. Temporal loads this file by its
 * path.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
