import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Messages and stacks of failures become payloads, and so are encrypted like the rest. Temporal loads it by its path.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
