import { defineSignal } from '@temporalio/workflow';
import type { Findings, WatchSettings } from '../../model/watch';
import type { Subscriber } from '../../model/notification';
import { author, reason, type Act } from './act';
import { taskQueue } from './place';
import { only, optional, type TypeOf } from './shape';

/** The state of the watch between deployments. */

/** A separate queue: watches run for weeks, and must not take the slots of other activities. */
export const watchQueueOf = (queue: string): string => `${queue}-watch`;
export const watchQueue = watchQueueOf(taskQueue);

/** Restarts of one instance, or repairs of the environment, with exponential backoff. */
export interface Attempts {
  count: number;
  nextAt: number;
}

export interface WatchState extends Findings {
  release: number;
  deployment: number;
  /** Findings by host, if there are several; together they are the findings. */
  byHost?: Record<string, Findings>;
  /** When each finding was first reported, in ms since the epoch: by the name of the instance, or the sentence. */
  since?: Record<string, number>;
  /** Absent until the first report, and if the watch is off. */
  settings?: WatchSettings;
  windowMs?: number;
  subscribers?: Subscriber[];
  /**
   * A rollback within the watch window was requested: no restarts or repairs until then, or until a deployment ends.
   */
  sentBackUntil?: number;
  /** The stack does not enable the watch. */
  off?: boolean;
  /** Keyed by the full name of the instance. */
  restarts: Record<string, Attempts>;
  /**
   * Restarts of each instance by the engine, plus those by its runtime before, whose counter the restart reset.
   */
  restarted?: Record<string, number>;
  repairs: Attempts;
  /** Why the watch failed, and when it is retried. */
  trouble?: { message: string; retryAt: number };
}

/** During a pause the engine changes nothing between deployments. */
export const watchPause = only({
  by: author,
  reason,
  /** In ms since the epoch; absent: until it is resumed. */
  until: optional('number'),
});
export type WatchPause = TypeOf<typeof watchPause>;

export const pauseWatchSignal = defineSignal<[WatchPause]>('pauseWatch');
export const resumeWatchSignal = defineSignal<[Act?]>('resumeWatch');
