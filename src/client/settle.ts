import type { Client } from '@temporalio/client';
import type { Stack } from '../model/stack';
import { environmentId, type Place } from '../workflows/messages';
import type { RequestOptions } from './request';
import type { DeploymentHandle } from './deployment-handle';
import { placeOf } from './place';
import { endIfStuck } from '../temporal/responsiveness';

/** What settling asks of a client. */
interface Settling {
  environment(place: Place): Promise<{ current?: { release?: number } } | undefined>;
  stop(stack: Stack, options: RequestOptions): Promise<DeploymentHandle>;
  repair(place: Place, options: RequestOptions): Promise<DeploymentHandle>;
}

/**
 * Puts back what a terminated deployment has left: by a deployment that changes nothing else. Undefined where the
 * environment cannot say what is current, for its own workflow was stuck and had to end too; then the next deployment
 * puts it back.
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
  const options = { force: true, requestedBy, reason: 'put back what a terminated deployment left' };
  return (await client.environment(place))?.current?.release === undefined
    ? client.stop(stack, options)
    : client.repair(place, options);
}
