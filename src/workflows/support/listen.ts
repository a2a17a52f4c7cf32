import { log, patched, setHandler, type SignalDefinition } from '@temporalio/workflow';
import type { Act } from '../messages';
import { fits, tidied, type Shape } from '../messages/shape';
import { shapes } from '../messages/shapes';
import { patches } from './patches';

/** Characters as JSON. Temporal takes 2 MB; what 5,000 services have to say is about 400,000. */
const longestMessage = 1_500_000;

/**
 * Takes a signal. What does not fit its shape, or is too large to be kept, is left out, and said in the worker's log.
 */
export function listen<T>(signal: SignalDefinition<[T]>, shape: Shape, take: (message: T) => void): void {
  setHandler(signal, (message: T) => {
    if (isTaken(message, shape)) take(tidied(message, shape));
    else log.warn(`a malformed signal ${signal.name} is ignored`);
  });
}

function isTaken(message: unknown, shape: Shape): boolean {
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
 * Takes a signal that says who sends it. In earlier versions such a signal was empty: it counts only where history has
 * one.
 */
export function listenToAct(signal: SignalDefinition<[Act?]>, take: (act: Act | undefined) => void): void {
  setHandler(signal, (act) => {
    if (isTaken(act, shapes.act)) take(tidied(act, shapes.act));
    else if (!patched(patches.auditedActs)) take(undefined);
    else log.warn(`the signal ${signal.name} does not say who sends it, and is ignored`);
  });
}
