import {
  ActivityFailure,
  ApplicationFailure,
  CancelledFailure,
  isCancellation,
  TimeoutFailure,
} from '@temporalio/workflow';
import { notMade, type FailureType } from '../../../activities/contract';
import type { Evidence } from '../../../model/instance-status';
import type { Step } from '../../../plan/plan';
import type { Cause } from '../../messages';

/** The final failure of a step, with its evidence. */
export class StepFailure extends Error {
  constructor(readonly cause: Cause) {
    super(cause.message);
  }
}

/** A person decided against continuing, so nobody is asked how to handle the failure. */
export class Rejection extends StepFailure {}

/** The failure of an activity, by type. */
export interface ActivityProblem {
  type: FailureType;
  message: string;
  evidence?: Evidence;
  /** The step had no effect: there is nothing to undo. */
  isNotMade?: boolean;
}

export function toProblem(error: unknown): ActivityProblem {
  const inner = error instanceof ActivityFailure ? error.cause : error;
  if (inner instanceof ApplicationFailure) {
    return {
      type: (inner.type as FailureType | undefined) ?? 'UnexpectedError',
      message: inner.message,
      evidence: (inner.details?.[0] ?? undefined) as Evidence | undefined,
      ...(inner.details?.[1] === notMade && { isNotMade: true }),
    };
  }
  if (inner instanceof TimeoutFailure)
    return { type: 'PlatformTrouble', message: 'the worker did not finish it in time' };
  return { type: 'UnexpectedError', message: inner instanceof Error ? inner.message : String(inner) };
}

/** The last evidence of a cancelled activity. */
export function interruptionOf(error: unknown): Evidence | undefined {
  const inner = error instanceof ActivityFailure ? error.cause : error;
  return inner instanceof CancelledFailure ? (inner.details[0] as Evidence | undefined) : undefined;
}

/** Turns any error of the rollout into a cause. */
export function toCause(error: unknown, step: Pick<Step, 'id' | 'service'> & { title?: string }): Cause {
  if (error instanceof StepFailure) return error.cause;
  const { message, evidence } = toProblem(error);
  return { ...named(step), service: step.service, message: isCancellation(error) ? 'cancelled' : message, evidence };
}

/** The id and the title of a step for a cause. */
export function named({ id, title }: { id: string; title?: string }): Pick<Cause, 'step' | 'title'> {
  return { step: id, ...(title !== undefined && { title }) };
}

/** Adds the interrupted steps, and the evidence of the first one, to a timeout. */
export function withEvidence(cause: Cause, interrupted: readonly Cause[]): Cause {
  const [first] = interrupted;
  if (cause.step !== 'timeout' || !first) return cause;
  return {
    ...cause,
    service: first.service,
    message: `${cause.message}; not done: ${interrupted.map(({ step, title }) => title ?? step).join(', ')}`,
    evidence: first.evidence,
  };
}
