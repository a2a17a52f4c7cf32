import { ApplicationFailure, log, patched, setHandler, type SignalDefinition } from '@temporalio/workflow';
import { failureTypes } from '../../activities/contract';
import type { Act } from '../messages';
import { fits, tidied, type Shape } from '../messages/shape';
import { shapes } from '../messages/shapes';
import { patches } from './patches';

/** Characters of JSON. Temporal's limit is 2 MB; a message about 5,000 services has about 400,000. */
const longestMessage = 1_500_000;

/**
 * Handles a signal. Ignores a message that is malformed or too large to store, and logs a warning.
 */
export function listen<T>(signal: SignalDefinition<[T]>, shape: Shape, take: (message: T) => void): void {
  setHandler(signal, (message: T) => {
    if (isAccepted(message, shape)) take(tidied(message, shape));
    else log.warn(`a malformed signal ${signal.name} is ignored`);
  });
}

/** A validator of updates. It throws an ApplicationFailure for a message that is malformed or too large to store. */
export function accepts(shape: Shape): (message: unknown) => void {
  return (message) => {
    if (!isAccepted(message, shape))
      throw ApplicationFailure.nonRetryable('malformed message; nothing was done', failureTypes.software);
  };
}

function isAccepted(message: unknown, shape: Shape): boolean {
  return isShort(message) && fits(message, shape);
}

function isShort(message: unknown): boolean {
  try {
    return (JSON.stringify(message) ?? '').length <= longestMessage;
  } catch {
    return false;
  }
}

/**
 * Handles a signal that names its sender. Signals of earlier versions were empty; those count only in replays.
 */
export function listenToAct(signal: SignalDefinition<[Act?]>, take: (act: Act | undefined) => void): void {
  setHandler(signal, (act) => {
    if (isAccepted(act, shapes.act)) take(tidied(act, shapes.act));
    else if (!patched(patches.auditedActs)) take(undefined);
    else log.warn(`the signal ${signal.name} does not name its sender and is ignored`);
  });
}
