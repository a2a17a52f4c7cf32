import { condition, patched, sleep as timer } from '@temporalio/workflow';
import { patches } from './patches';
import { Turns } from './turn';

const turns = new Turns();

/**
 * Settles like the event, but one event at a time: its consequences run up to their next wait before those of another
 * event start. Temporal's SDK can deliver several events together or one by one, and differently in a replay; without
 * turns, the order of commands would depend on that (docs/decisions/0011-one-event-at-a-time.md).
 */
export function serialised<T>(event: Promise<T>): Promise<T> {
  return patched(patches.oneEventAtATime) ? turns.take(event) : event;
}

/** Waits for a duration in ms. */
export function sleep(durationMs: number, summary: string): Promise<void> {
  return serialised(timer(durationMs, { summary }));
}

/** Waits until a condition holds; with a limit in ms, resolves with whether it did in time. */
export function waitUntil(holds: () => boolean): Promise<void>;
export function waitUntil(holds: () => boolean, limitMs: number, summary?: string): Promise<boolean>;
export function waitUntil(holds: () => boolean, limitMs?: number, summary?: string): Promise<void | boolean> {
  return serialised<void | boolean>(limitMs === undefined ? condition(holds) : condition(holds, limitMs, { summary }));
}
