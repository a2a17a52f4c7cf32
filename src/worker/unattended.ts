import type { Client } from '@temporalio/client';
import type { Directory } from '../activities/dependencies';
import { SoftwareFault } from '../activities/failures';
import { BadRequest, DeployCodeClient, DeploymentLost, type DeploymentHandle } from '../client';

/** What schedules ask of the engine, as a client would. */
export function createUnattended(temporal: Client): Pick<Directory, 'request' | 'outcome' | 'syncSchedules'> {
  const client = DeployCodeClient.over(temporal);
  return {
    async request({ place, what, by, requestId }) {
      const options = { requestedBy: by, automatic: true, fresh: true, requestId };
      const ask = (): Promise<DeploymentHandle> => {
        if (what.kind === 'deploy') return client.redeploy(place, options);
        return what.kind === 'restart' ? client.restart(place, what.services, options) : client.runJob(place, what.job, options);
      };
      return (await ask().catch(refuse)).id;
    },

    async outcome(workflowId, signal) {
      const handle = client.handle(workflowId);
      signal.addEventListener('abort', () => void handle.cancel('its schedule').catch(() => undefined), { once: true });
      const { outcome, deployment, cause, refusals } = await handle.result().catch(refuse);
      signal.throwIfAborted();
      const message = cause?.message ?? refusals[0]?.message;
      return { outcome, ...(deployment !== undefined && { deployment }), ...(message !== undefined && { message }) };
    },

    syncSchedules: (place, wanted) => client.schedules.sync(place, wanted).catch(refuse),
  };
}

/** What a person would be told is final. */
function refuse(error: unknown): never {
  throw error instanceof BadRequest || error instanceof DeploymentLost ? new SoftwareFault(error.message) : error;
}
