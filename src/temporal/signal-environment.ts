import type { Client } from '@temporalio/client';
import type { SignalDefinition } from '@temporalio/common';
import { environmentId, placeAttributes, taskQueue, type Place } from '../workflows/messages';

/** Tells an environment something; its workflow is started where none runs. */
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
    staticSummary: `lock and memory of ${stack}/${environment}`,
    typedSearchAttributes: placeAttributes(place),
  });
}
