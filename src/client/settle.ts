import type { Client } from '@temporalio/client';
import type { Stack } from '../model/stack';
import { environmentId, type Place } from '../workflows/messages';
import type { RequestOptions } from './request';
import type { DeploymentHandle } from './deployment-handle';
import { placeOf } from './place';
import { endIfStuck } from '../temporal/responsiveness';

/** The part of the client that {@link settle} uses. */
interface Settling {
  environment(place: Place): Promise<{ current?: { release?: number } } | undefined>;
  stop(stack: Stack, options: RequestOptions): Promise<DeploymentHandle>;
  repair(place: Place, options: RequestOptions): Promise<DeploymentHandle>;
}

/**
 * Starts a deployment that only undoes the unfinished changes of a terminated one. Undefined if the workflow of the
 * environment was stuck and had to be terminated too: then the next deployment undoes them.
 */
export async function settle(
  client: Settling,
  temporal: Client,
  stack: Stack,
  requestedBy: string,
): Promise<DeploymentHandle | undefined> {
  const place = placeOf(stack);
  if ((await endIfStuck(temporal.workflow.getHandle(environmentId(place)), requestedBy)) !== 'answered')
    return undefined;
  const options = { force: true, requestedBy, reason: 'undo the unfinished changes of a terminated deployment' };
  return (await client.environment(place))?.current?.release === undefined
    ? client.stop(stack, options)
    : client.repair(place, options);
}
