import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { AuditEntry } from '../../model/audit';
import { withHeartbeat } from '../heartbeat';
import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { SoftwareFault } from '../failures';
import type { SecretStore } from '../secrets';
import { asRow } from './as-row';
import { reasonOf } from './reason';
import { AuditTrails } from './trails';

/**
 * Activities on the audit trail of each environment, which outlives Temporal's retention: in a database if one is
 * configured, else in a file.
 */
export function auditActivities(
  dependencies: Pick<Dependencies, 'dataDir' | 'auditDatabase' | 'audit' | 'secrets' | 'rules'>,
): Pick<Activities, 'recordAudit' | 'readAudit'> {
  const { auditDatabase, audit, secrets } = dependencies;
  const place = auditDatabase && ({ place: 'database' } as const);
  const trails = () => new AuditTrails(dependencies);
  /** A database failure is temporary; a folder that is not writable has to be repaired. */
  const failWrite = (error: Error): never => {
    const message = `the audit trail cannot be written: ${reasonOf(error)}`;
    throw auditDatabase ? ApplicationFailure.retryable(message) : new SoftwareFault(message);
  };
  return {
    recordAudit: (about, entry) =>
      withHeartbeat(async () => {
        const { sequence, hash, troubles } = await trails()
          .append(about, asRow(masked(entry, secrets)))
          .catch(failWrite);
        for (const trouble of troubles) Context.current().log.warn(trouble);
        return { sequence, hash, ...place };
      }),

    readAudit: (about, last, known, before = Infinity) =>
      withHeartbeat(async () => {
        const { records, ...proof } = await trails()
          .examine(about, known?.place === place?.place ? known : undefined)
          .catch((error: Error) => {
            throw new SoftwareFault(`the audit trail cannot be read: ${reasonOf(error)}`);
          });
        const unrecorded = audit.isBestEffort
          ? ['this worker continues deployments that it cannot record (--audit-best-effort)']
          : [];
        return {
          records: records.filter(({ sequence }) => sequence < before).slice(-last),
          total: records.length,
          ...proof,
          proof: [...proof.proof, ...unrecorded],
        };
      }),
  };
}

/** A command or a cause may contain secrets. */
function masked({ what, why, result, ...rest }: AuditEntry, secrets: Pick<SecretStore, 'mask'>): AuditEntry {
  return {
    ...rest,
    what: secrets.mask(what),
    result: secrets.mask(result),
    ...(why !== undefined && { why: secrets.mask(why) }),
  };
}
