import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { AuditEntry } from '../../model/audit';
import { alive } from '../alive';
import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { SoftwareFault } from '../failures';
import type { SecretStore } from '../secrets';
import { asRow } from './as-row';
import { reasonOf } from './reason';
import { AuditTrails } from './trails';

/**
 * The audit trail of each environment, which survives Temporal's retention: in a database where one is given, else in a
 * file.
 */
export function auditActivities(
  dependencies: Pick<Dependencies, 'dataDir' | 'auditDatabase' | 'audit' | 'secrets' | 'rules'>,
): Pick<Activities, 'recordAudit' | 'readAudit'> {
  const { auditDatabase, audit, secrets } = dependencies;
  const place = auditDatabase && ({ place: 'database' } as const);
  const trails = () => new AuditTrails(dependencies);
  /** A database comes back; a folder that cannot be written has to be mended. */
  const unwritten = (error: Error): never => {
    const message = `the audit trail cannot be written: ${reasonOf(error)}`;
    throw auditDatabase ? ApplicationFailure.retryable(message) : new SoftwareFault(message);
  };
  return {
    recordAudit: (about, entry) =>
      alive(async () => {
        const { sequence, hash, troubles } = await trails()
          .append(about, asRow(masked(entry, secrets)))
          .catch(unwritten);
        for (const trouble of troubles) Context.current().log.warn(trouble);
        return { sequence, hash, ...place };
      }),

    readAudit: (about, last, known) =>
      alive(async () => {
        const { records, ...proof } = await trails()
          .examine(about, known?.place === place?.place ? known : undefined)
          .catch((error: Error) => {
            throw new SoftwareFault(`the audit trail cannot be read: ${reasonOf(error)}`);
          });
        const unrecorded = audit.isBestEffort
          ? ['this worker goes on where it cannot record (--audit-best-effort)']
          : [];
        return {
          records: records.slice(-last),
          total: records.length,
          ...proof,
          proof: [...proof.proof, ...unrecorded],
        };
      }),
  };
}

/** A command, or a cause, may hold what the worker knows to be secret. */
function masked({ what, why, result, ...rest }: AuditEntry, secrets: Pick<SecretStore, 'mask'>): AuditEntry {
  return {
    ...rest,
    what: secrets.mask(what),
    result: secrets.mask(result),
    ...(why !== undefined && { why: secrets.mask(why) }),
  };
}
