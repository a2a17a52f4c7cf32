import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { toFailure } from './failures';

/** What Temporal offers to a running activity. */
export interface ActivityScope {
  signal: AbortSignal;
  /** Sets the heartbeat details: the Temporal UI shows them, and the next attempt receives them. */
  heartbeat: (details: unknown) => void;
  /** The last heartbeat details of the previous attempt. */
  previous: unknown;
}

/** Each heartbeat costs the server a write; most starts end before the first. */
const firstHeartbeatMs = 2000;
const heartbeatMs = 1000;

/** Runs the work of an activity with heartbeats, and converts its errors to typed failures. */
export async function withHeartbeat<T>(work: (scope: ActivityScope) => Promise<T>): Promise<T> {
  const context = Context.current();
  let details: unknown = context.info.heartbeatDetails;
  const beat = () => {
    context.heartbeat(details);
    timer = setTimeout(beat, heartbeatMs);
  };
  let timer = setTimeout(beat, firstHeartbeatMs);
  try {
    return await work({
      signal: context.cancellationSignal,
      previous: details,
      heartbeat: (next) => {
        details = next;
      },
    });
  } catch (error) {
    if (!context.cancellationSignal.aborted) throw toFailure(error);
    throw error instanceof CancelledFailure ? error : context.cancellationSignal.reason;
  } finally {
    clearTimeout(timer);
  }
}
