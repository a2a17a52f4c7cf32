import { join } from 'node:path';
import { ApplicationFailure } from '@temporalio/common';
import { requireName } from '../../model/names';
import { alive } from '../alive';
import { asRow } from './as-row';
import type { Activities, AuditPlace } from '../contract';
import type { Dependencies } from '../dependencies';
import { SoftwareFault } from '../failures';
import { findBreak } from './chain';
import type { Trail } from './trail';
import { TrailFile } from './trail-file';

/** The audit trail of each environment, which survives Temporal's retention: in a database where one is given, else in a file. */
export function auditActivities({ dataDir, auditDatabase }: Pick<Dependencies, 'dataDir' | 'auditDatabase'>): Pick<Activities, 'recordAudit' | 'readAudit'> {
  const place = auditDatabase && ({ place: 'database' } as const);
  const trailOf = ({ folder, stack, environment }: AuditPlace): Trail => auditDatabase?.trailOf(stack, environment) ?? new TrailFile(join(folder ?? dataDir, 'audit', requireName('stack', stack), `${requireName('environment', environment)}.jsonl`));
  /** A database comes back; a folder that cannot be written has to be mended. */
  const unwritten = (error: Error): never => {
    throw auditDatabase ? ApplicationFailure.retryable(`the audit trail cannot be written: ${reasonOf(error)}`) : new SoftwareFault(`the audit trail cannot be written: ${reasonOf(error)}`);
  };
  return {
    recordAudit: (about, entry) => alive(() => trailOf(about).append(asRow(entry)).then(({ sequence, hash }) => ({ sequence, hash, ...place }), unwritten)),

    readAudit: (about, last, known) =>
      alive(async () => {
        const records = await trailOf(about).read().catch((error: Error) => {
          throw new SoftwareFault(`the audit trail cannot be read: ${reasonOf(error)}`);
        });
        const broken = findBreak(records, known?.place === place?.place ? known : undefined);
        return { records: records.slice(-last), total: records.length, ...(broken !== undefined && { broken }) };
      }),
  };
}

/** A connection that is refused on several addresses has no message of its own. */
function reasonOf(error: NodeJS.ErrnoException): string {
  return error.message || (error.code ?? 'it is away');
}
