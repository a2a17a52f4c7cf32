import type { Client } from '@temporalio/client';
import type { TemporalGateway } from '../activities/dependencies';
import type { StatementSigner } from '../guard/access/statement';
import { longestAuthor, longestReason, oneLine } from '../model/text';
import { SoftwareFault } from '../activities/failures';
import { BadRequest, DirectClient, DeploymentLost, NameProblem, type DeploymentHandle } from '../client';

/** Requests of schedules and the watch, sent with a client of the engine. */
export function createUnattended(
  temporal: Client,
  signer?: StatementSigner,
): Pick<TemporalGateway, 'request' | 'outcome' | 'cancel' | 'syncSchedules'> {
  const client = DirectClient.over(temporal, signer && { signer });
  return {
    async request({ place, what, by, reason, requestId }) {
      const options = {
        requestedBy: oneLine(by, longestAuthor),
        reason: reason === undefined ? undefined : oneLine(reason, longestReason),
        automatic: true,
        requestId,
      };
      const ask = (): Promise<DeploymentHandle> => {
        switch (what.kind) {
          case 'deploy':
            return client.redeploy(place, options);
          case 'restart':
            return client.restart(place, what.services, { ...options, fresh: true });
          case 'run':
            return client.runJob(place, what.job, { ...options, fresh: true });
          case 'repair':
            return client.repair(place, options);
          case 'rollback':
            return client.rollback(place, { ...options, insteadOf: what.insteadOf });
        }
      };
      return (await ask().catch(refuse)).id;
    },

    cancel: (workflowId, by) => client.handle(workflowId).cancel(by),

    async outcome(workflowId) {
      const { outcome, deployment, cause, refusals } = await client.handle(workflowId).result().catch(refuse);
      const message = cause?.message ?? refusals[0]?.message;
      return { outcome, ...(deployment !== undefined && { deployment }), ...(message !== undefined && { message }) };
    },

    syncSchedules: (place, wanted, before) => client.schedules.sync(place, wanted, before).catch(refuse),
  };
}

/** Turns errors that a client would report to a person into final ones. */
function refuse(error: unknown): never {
  throw error instanceof BadRequest || error instanceof DeploymentLost || error instanceof NameProblem
    ? new SoftwareFault(error.message)
    : error;
}
