import type { Stack } from '../../model/stack';
import type { PinnedImages } from '../../model/images';
import type { WhenBusy } from '../../plan/asked';
import type { Cause, IntentKind, Outcome } from '../../model/deployment';
import type { Intent, Refusal } from '../../plan/plan';
import type { SteeringRecord } from './progress';

/** What a deployment is asked for, and how it ended. */

export interface DeploymentInput {
  stack: Stack;
  intent: Intent;
  taskQueue: string;
  /** Images of a kept release, for a rollback to it. */
  pinned: PinnedImages;
  requestedBy: string;
  /** Host that it was asked for on. */
  requestedFrom?: string;
  reason?: string;
  /** Default: it waits for others. */
  whenBusy?: WhenBusy;
  /** Nobody stands by. */
  automatic?: boolean;
  /** It is about whatever release is current when it begins: another may be deployed while it waits. */
  followsCurrent?: boolean;
  /** The release that a rollback is to do away with: refused where another one is current when it begins. */
  insteadOf?: number;
  /** The release that a rollback, restart or run brings about again. */
  target?: number;
}

export interface DeploymentResult {
  outcome: Outcome;
  intent: IntentKind;
  requestedBy: string;
  reason?: string;
  deployment?: number;
  /** The release that runs now. */
  release?: number;
  cause?: Cause;
  refusals: Refusal[];
  warnings: string[];
  /** Services with `on_failure: continue` that failed alone. */
  tolerated: Cause[];
  /** Jobs whose effect stays though the deployment was rolled back. */
  notUndone: string[];
  /** What a rollback or cleanup could not finish. */
  leftBehind: string[];
  /** What it began in spite of, by force: a freeze, an open circuit breaker. */
  forcedPast?: string;
  /** How people steered it. */
  steering?: SteeringRecord[];
  /** Services that changed. */
  changed: string[];
  durationMs: number;
  rollbackMs?: number;
}
