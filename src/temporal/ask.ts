import type { ConnectionLike } from '@temporalio/client';
import { lastPollOf } from './pollers';
import { isCancelled, isWithoutWorker, noWorker } from './temporal-errors';

/** How long a worker has for an answer before it counts as absent, in ms. */
export const answerWithinMs = 6000;

/** The server knows the deadline too, and may cancel what it waits for a moment before the client does. */
const earlyMs = 1000;

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
  const deadline = Date.now() + answerWithinMs;
  try {
    return await client.withDeadline(deadline, call);
  } catch (error) {
    const isLate = isCancelled(error) && Date.now() > deadline - earlyMs;
    if (isLate || isWithoutWorker(error)) throw noWorker(await lastPollOf(client));
    throw error;
  }
}
