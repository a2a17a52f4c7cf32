import { log, setHandler, type SignalDefinition } from '@temporalio/workflow';
import { fits, tidied, type Shape } from './messages/shape';

/** Takes a signal. What does not fit its shape is left out, and said in the worker's log. */
export function listen<T>(signal: SignalDefinition<[T]>, shape: Shape, take: (message: T) => void): void {
  setHandler(signal, (message: T) => {
    if (fits(message, shape)) take(tidied(message, shape));
    else log.warn(`a malformed signal ${signal.name} is ignored`);
  });
}
