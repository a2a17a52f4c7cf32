import { condition, patched, sleep as timer } from '@temporalio/workflow';
import { patches } from './patches';
import { Turns } from './turn';

const turns = new Turns();

/**
 * Resolves as the event does, but one event at a time: whatever follows from it has been done, up to the next wait,
 * before anything follows from another. Temporal's SDK may hand over several events together or one by one, as queries
 * come in between, and not the same way when it replays them; without turns the order of what follows would depend on
 * that (docs/decisions/0011-one-event-at-a-time.md).
 */
export function serialised<T>(event: Promise<T>): Promise<T> {
  return patched(patches.oneEventAtATime) ? turns.take(event) : event;
}

/** Waits for a time, in ms. */
export function sleep(durationMs: number, summary: string): Promise<void> {
  return serialised(timer(durationMs, { summary }));
}

/** Waits until something holds; with a limit, whether it came to hold in time. */
export function waitUntil(holds: () => boolean): Promise<void>;
export function waitUntil(holds: () => boolean, limitMs: number, summary?: string): Promise<boolean>;
export function waitUntil(holds: () => boolean, limitMs?: number, summary?: string): Promise<void | boolean> {
  return serialised<void | boolean>(limitMs === undefined ? condition(holds) : condition(holds, limitMs, { summary }));
}
