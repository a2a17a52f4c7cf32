import type { ConnectionLike } from '@temporalio/client';
import { lastPollOf } from './pollers';
import { isCancelled, isWithoutWorker, noWorker } from './temporal-errors';

/** Time in ms after which a worker without an answer counts as absent. */
export const answerWithinMs = 6000;

/** The server knows the deadline too, and may cancel the call slightly before the client does. */
const earlyMs = 1000;

/** A client of Temporal, or that of a workflow handle. */
export interface QueryClient {
  connection: ConnectionLike;
  options: { namespace: string };
  withDeadline<T>(deadline: number, call: () => Promise<T>): Promise<T>;
}

/**
 * Runs a query of a workflow with a deadline, because without a worker it would hang.
 * @throws NoWorker if Temporal answers, but no worker
 */
export async function ask<T>(client: QueryClient, call: () => Promise<T>): Promise<T> {
  const deadline = Date.now() + answerWithinMs;
  try {
    return await client.withDeadline(deadline, call);
  } catch (error) {
    const isLate = isCancelled(error) && Date.now() > deadline - earlyMs;
    if (isLate || isWithoutWorker(error)) throw noWorker(await lastPollOf(client));
    throw error;
  }
}
