import type { Client } from '@temporalio/client';
import type { SignalDefinition } from '@temporalio/common';
import { environmentId, placeAttributes, taskQueue, type Place } from '../workflows/messages';

/** Signals the workflow of an environment, and starts it if it does not run. */
export async function signalEnvironment<T>(
  { workflow }: Client,
  { stack, environment }: Place,
  signal: SignalDefinition<[T]>,
  message: T,
): Promise<void> {
  const place = { stack, environment };
  await workflow.signalWithStart('environment', {
    workflowId: environmentId(place),
    taskQueue,
    args: [place],
    signal,
    signalArgs: [message],
    staticSummary: `lock and state of ${stack}/${environment}`,
    typedSearchAttributes: placeAttributes(place),
  });
}
