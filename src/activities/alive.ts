import { Context } from '@temporalio/activity';
import { CancelledFailure } from '@temporalio/common';
import { toFailure } from './failures';

/** What a running activity may use of its surroundings. */
export interface Surroundings {
  signal: AbortSignal;
  /** Shown in the Temporal UI while the activity runs, and handed to its next attempt. */
  note: (details: unknown) => void;
  /** What the attempt before this one noted last. */
  before: unknown;
}

/** Most starts are over before the first: each heartbeat costs the server a write. */
const firstHeartbeatMs = 2000;
const heartbeatMs = 1000;

/** Runs an activity's work with heartbeats, and turns what it throws into a typed failure. */
export async function alive<T>(work: (surroundings: Surroundings) => Promise<T>): Promise<T> {
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
      before: details,
      note: (next) => {
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
