import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { Evidence } from '../model/instance-status';
import { NameProblem } from '../model/names';
import { RuntimeError } from '../runtimes/runtime';
import { failureTypes, notMade } from './contract';

/** A fault of the deployed software, with evidence. */
export class SoftwareFault extends Error {
  constructor(
    message: string,
    readonly evidence: Evidence = { logs: [] },
  ) {
    super(message);
  }
}

/** True for a permanent fault of the deployed software; false for a platform failure, which is temporary. */
export function isFault(error: unknown): error is Error {
  return error instanceof SoftwareFault || (error instanceof RuntimeError && error.kind !== 'platform');
}

/** It is unknown whether a job ran to its end. */
export class UnknownOutcome extends Error {}

/**
 * Converts an error of an activity to a failure that workflows understand. All are non-retryable: the workflow decides
 * on retries.
 */
export function toFailure(error: unknown): Error {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const { message } = error as Error;
  const failure = (type: string, details: unknown[] = []) =>
    ApplicationFailure.create({ type, message, details, nonRetryable: true });
  if (error instanceof SoftwareFault) return failure(failureTypes.software, [error.evidence]);
  if (error instanceof NameProblem) return failure(failureTypes.software, [{ logs: [] }]);
  if (error instanceof UnknownOutcome) return failure(failureTypes.unknownOutcome);
  if (error instanceof RuntimeError)
    return failure(
      error.kind === 'platform' ? failureTypes.platform : failureTypes.software,
      error.reason === 'foreign' ? [undefined, notMade] : [],
    );
  return ApplicationFailure.create({
    type: failureTypes.unexpected,
    message,
    nonRetryable: true,
    cause: error as Error,
  });
}
