import { defineSignal } from '@temporalio/workflow';
import type { Findings, WatchSettings } from '../../model/watch';
import type { Subscriber } from '../../model/notification';
import { author, reason, type Act } from './act';
import { taskQueue } from './place';
import { only, optional, type TypeOf } from './shape';

/** The state of the watch between deployments. */

/** Watches last for weeks and cost nothing: they must not take the slots of other activities. */
export const watchQueueOf = (queue: string): string => `${queue}-watch`;
export const watchQueue = watchQueueOf(taskQueue);

/** Restarts of one instance, or repairs of the environment: each waits longer than the last. */
export interface Attempts {
  count: number;
  nextAt: number;
}

export interface WatchState extends Findings {
  release: number;
  deployment: number;
  /** What was found on each of several hosts; together they are the findings. */
  byHost?: Record<string, Findings>;
  /** Absent until the first report, and where nobody wants it watched. */
  settings?: WatchSettings;
  windowMs?: number;
  subscribers?: Subscriber[];
  /**
   * It has not stood its trial, and a rollback was asked for: until then, or until a deployment ends, it is left to
   * that.
   */
  sentBackUntil?: number;
  /** Nobody wants it watched. */
  off?: boolean;
  /** By the full name of the instance. */
  restarts: Record<string, Attempts>;
  /**
   * How often each instance was restarted by the engine, and by its runtime before that: the runtime has forgotten
   * those.
   */
  restarted?: Record<string, number>;
  repairs: Attempts;
  /** Why nothing can be seen, and when it is tried again. */
  trouble?: { message: string; retryAt: number };
}

/** While it lasts, the engine changes nothing between deployments: somebody works on the instances. */
export const watchPause = only({
  by: author,
  reason,
  /** In ms since the epoch; absent: until it is resumed. */
  until: optional('number'),
});
export type WatchPause = TypeOf<typeof watchPause>;

export const pauseWatchSignal = defineSignal<[WatchPause]>('pauseWatch');
export const resumeWatchSignal = defineSignal<[Act?]>('resumeWatch');
