/** What a worker knows of one task queue that it serves. */
export interface QueueFacts {
  queue: string;
  state: string;
  /** Since when all slots for activities are taken; in ms since the epoch. */
  fullSince?: number;
  /** When Temporal last got a poll of this worker, where it says so. */
  polledAt?: number;
}

export interface ReadinessFacts {
  /** Absent until the worker has reached Temporal. */
  queues?: QueueFacts[];
  /** When Temporal last answered. */
  answeredAt: number;
  /** The longest that the event loop was held up lately; in ms. */
  lagMs: number;
}

const longestLagMs = 5000;
const longestFullMs = 60_000;
const longestSilenceMs = 30_000;
/** A poll waits for a minute at the server before it is made again. */
const longestUnpolledMs = 180_000;

/** Why a worker cannot be trusted with work; nothing where it can. */
export function unreadiness({ queues, answeredAt, lagMs }: ReadinessFacts, now: number): string[] {
  if (!queues) return ['it has not reached Temporal yet'];
  const silentMs = now - answeredAt;
  return [
    ...queues.flatMap((facts) => ofQueue(facts, now)),
    ...(silentMs > longestSilenceMs ? [`Temporal has not answered for ${seconds(silentMs)}`] : []),
    ...(lagMs > longestLagMs ? [`its event loop was held up for ${seconds(lagMs)}`] : []),
  ];
}

function ofQueue({ queue, state, fullSince, polledAt }: QueueFacts, now: number): string[] {
  if (state !== 'RUNNING') return [`the worker of ${queue} is ${state.toLowerCase()}`];
  if (fullSince !== undefined)
    return now - fullSince > longestFullMs
      ? [`all slots of ${queue} have been taken for ${seconds(now - fullSince)}`]
      : [];
  return polledAt !== undefined && now - polledAt > longestUnpolledMs
    ? [`Temporal has had no poll of ${queue} for ${seconds(now - polledAt)}`]
    : [];
}

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
