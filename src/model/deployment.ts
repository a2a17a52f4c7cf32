import type { Evidence } from './instance-status';

/** The kind of request a deployment carries out. */
export const intentKinds = ['deploy', 'rollback', 'stop', 'restart', 'run', 'repair'] as const;
export type IntentKind = (typeof intentKinds)[number];

/** How a deployment ended. One shape for success and failure. */
export const outcomes = [
  'succeeded',
  'unchanged',
  'refused',
  'rolled_back',
  'left_as_is',
  'rollback_incomplete',
  'cancelled',
] as const;
export type Outcome = (typeof outcomes)[number];

/** True for a deployment that did what was requested. */
export function isSuccess(outcome: Outcome): boolean {
  return outcome === 'succeeded' || outcome === 'unchanged';
}

/** `lost`: it was terminated, or timed out. */
const failures: readonly (Outcome | 'lost')[] = ['rolled_back', 'rollback_incomplete', 'left_as_is', 'lost'];

/** True for a deployment that began, and failed; false if it was refused or cancelled. */
export function isFailure(outcome: Outcome | 'lost'): boolean {
  return failures.includes(outcome);
}

/** Stages of a deployment that has not ended. `waiting`: for a person. */
export const stages = ['queued', 'planning', 'pulling', 'deploying', 'waiting', 'committing', 'rolling_back'] as const;

/** The stages of a deployment, then its outcomes. */
export const statuses = [...stages, ...outcomes] as const;
export type Status = (typeof statuses)[number];

/** True while a deployment with this status has not ended. */
export function isStage(status: Status): boolean {
  return (stages as readonly Status[]).includes(status);
}

/** Why a deployment failed. */
export interface Cause {
  service?: string;
  /** The id of a step, or the stage that failed: `plan`, `confirm`, `timeout`, `cancel`. */
  step: string;
  /** The title of the step. */
  title?: string;
  message: string;
  evidence?: Evidence;
}
