/** The state of a task queue that a worker serves. */
export interface QueueFacts {
  queue: string;
  state: string;
  /** Time since which all slots for activities are in use, in ms of the monotonic clock. */
  fullSince?: number;
  /** Time of the last poll of this worker, if Temporal reports it. */
  polledAt?: number;
}

export interface ReadinessFacts {
  /** Absent until the worker has reached Temporal. */
  queues?: QueueFacts[];
  /** Time of the last answer of Temporal. */
  answeredAt: number;
  /** Longest recent delay of the event loop, in ms. */
  lagMs: number;
}

const longestLagMs = 5000;
const longestFullMs = 60_000;
const longestSilenceMs = 30_000;
/** A poll takes up to a minute at the server before it is repeated. */
const longestUnpolledMs = 180_000;

/** Why a worker cannot take work; empty if it can. */
export function unreadiness({ queues, answeredAt, lagMs }: ReadinessFacts, now: number): string[] {
  if (!queues) return ['it has not reached Temporal yet'];
  const silentMs = now - answeredAt;
  return [
    ...queues.flatMap((facts) => ofQueue(facts, now)),
    ...(silentMs > longestSilenceMs ? [`Temporal has not answered for ${seconds(silentMs)}`] : []),
    ...(lagMs > longestLagMs ? [`its event loop was blocked for ${seconds(lagMs)}`] : []),
  ];
}

function ofQueue({ queue, state, fullSince, polledAt }: QueueFacts, now: number): string[] {
  if (state !== 'RUNNING') return [`the worker of ${queue} is ${state.toLowerCase()}`];
  if (fullSince !== undefined)
    return now - fullSince > longestFullMs
      ? [`all slots of ${queue} have been in use for ${seconds(now - fullSince)}`]
      : [];
  return polledAt !== undefined && now - polledAt > longestUnpolledMs
    ? [`it has not polled ${queue} for ${seconds(now - polledAt)}`]
    : [];
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
