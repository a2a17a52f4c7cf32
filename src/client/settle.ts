import type { Client } from '@temporalio/client';
import type { Stack } from '../config/stack';
import { environmentId } from '../workflows/messages';
import type { DeployCodeClient } from './client';
import type { DeploymentHandle } from './deployment-handle';
import { placeOf } from './place';
import { endIfStuck } from './responsiveness';

/**
 * Puts back what a terminated deployment has left: by a deployment that changes nothing else. Undefined where the
 * environment cannot say what is current, for its own workflow was stuck and had to end too; then the next deployment
 * puts it back.
 */
export async function settle(
  client: DeployCodeClient,
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
