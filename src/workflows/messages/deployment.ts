import type { ScheduleSpec } from '../../model/schedule';
import type { Stack } from '../../model/stack';
import type { PinnedImages } from '../../model/images';
import type { WhenBusy } from '../../plan/asked';
import type { Cause, IntentKind, Outcome } from '../../model/deployment';
import type { Intent, Refusal } from '../../plan/plan';
import type { Place } from './place';
import type { SteeringRecord } from './progress';

/** The input and the result of a deployment, and of the workflow that a schedule starts. */

export interface DeploymentInput {
  stack: Stack;
  intent: Intent;
  taskQueue: string;
  /** Images of a kept release, for a rollback to it. */
  pinned: PinnedImages;
  requestedBy: string;
  /** Host the request came from. */
  requestedFrom?: string;
  reason?: string;
  /** Default: it waits for other deployments. */
  whenBusy?: WhenBusy;
  /** Requested by a schedule or the watch, not by a person. */
  automatic?: boolean;
  /** Uses the release that is current when it starts, which can change while it waits. */
  followsCurrent?: boolean;
  /** Of one that follows the current release: images that services get instead, by service. */
  images?: Record<string, string>;
  /** Commit of the source that it deploys, where the request knows it. */
  commit?: string;
  /** The release that a rollback replaces: refused if another one is current when it starts. */
  insteadOf?: number;
  /** The kept release that the stack is from, with other images at most. */
  basedOn?: number;
  /** The kept release that a rollback, restart or run deploys again. */
  target?: number;
}

/** Type of the failure of a deployment's workflow; its first detail is the {@link DeploymentResult}. */
export const deploymentFailure = 'DeploymentFailed';

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
  /** Jobs whose effect remains after the rollback. */
  notUndone: string[];
  /** Steps that a rollback or cleanup could not finish. */
  leftBehind: string[];
  /** The freeze or open circuit breaker that `--force` overrode. */
  forcedPast?: string;
  /** Steering by people. */
  steering?: SteeringRecord[];
  /** Services that changed. */
  changed: string[];
  durationMs: number;
  rollbackMs?: number;
}

/** Input of the workflow that a schedule starts. */
export interface RedeployInput {
  place: Place;
  spec: ScheduleSpec;
  /** `file`: defined in the stack file, and synchronised by deployments. */
  source: 'file' | 'client';
  /** Of the server, or of the deployment that has synchronised it. */
  statement?: string;
}
