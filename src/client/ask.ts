import type { ConnectionLike } from '@temporalio/client';
import { lastPollOf } from './pollers';
import { isWithoutWorker, noWorker } from './temporal-errors';

/** How long a worker has for an answer before it counts as absent, in ms. */
export const answerWithinMs = 6000;

/** A client of Temporal, or the one behind a workflow's handle. */
export interface Asking {
  connection: ConnectionLike;
  options: { namespace: string };
  withDeadline<T>(deadline: number, call: () => Promise<T>): Promise<T>;
}

/**
 * Asks a workflow something. A query needs a worker: without one it would hang.
 * @throws NoWorker where Temporal answers and no worker does
 */
export async function ask<T>(client: Asking, call: () => Promise<T>): Promise<T> {
  try {
    return await client.withDeadline(Date.now() + answerWithinMs, call);
  } catch (error) {
    if (isWithoutWorker(error)) throw noWorker(await lastPollOf(client));
    throw error;
  }
}
