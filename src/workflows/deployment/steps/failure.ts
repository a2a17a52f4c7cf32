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

/** A step that failed for good, with everything that shows why. */
export class StepFailure extends Error {
  constructor(readonly cause: Cause) {
    super(cause.message);
  }
}

/** A person has decided against going on: nobody has to be asked what to do about it. */
export class Rejection extends StepFailure {}

/** What an activity's failure says, looked at by type. */
export interface ActivityProblem {
  type: FailureType;
  message: string;
  evidence?: Evidence;
  /** Nothing of the step has happened: there is nothing to undo. */
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

/** What an activity saw last before it was cancelled. */
export function interruptionOf(error: unknown): Evidence | undefined {
  const inner = error instanceof ActivityFailure ? error.cause : error;
  return inner instanceof CancelledFailure ? (inner.details[0] as Evidence | undefined) : undefined;
}

/** Any error on the way forward as the cause of the deployment's end. */
export function toCause(error: unknown, step: Pick<Step, 'id' | 'service'> & { title?: string }): Cause {
  if (error instanceof StepFailure) return error.cause;
  const { message, evidence } = toProblem(error);
  return { ...named(step), service: step.service, message: isCancellation(error) ? 'cancelled' : message, evidence };
}

/** How a cause names a step. */
export function named({ id, title }: { id: string; title?: string }): Pick<Cause, 'step' | 'title'> {
  return { step: id, ...(title !== undefined && { title }) };
}

/** Out of time: what was waited for says why. */
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
