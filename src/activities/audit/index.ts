import { join } from 'node:path';
import { alive } from '../alive';
import type { Activities, AuditPlace } from '../contract';
import type { Dependencies } from '../dependencies';
import { SoftwareFault } from '../failures';
import { findBreak } from './chain';
import { TrailFile } from './trail-file';

/** The audit trail of each environment, which survives Temporal's retention. */
export function auditActivities({ dataDir }: Pick<Dependencies, 'dataDir'>): Pick<Activities, 'recordAudit' | 'readAudit'> {
  const trailOf = ({ folder, stack, environment }: AuditPlace) => new TrailFile(join(folder ?? dataDir, 'audit', stack, `${environment}.jsonl`));
  const readable = (error: NodeJS.ErrnoException): never => {
    throw new SoftwareFault(`the audit trail cannot be read or written: ${error.message}`);
  };
  return {
    recordAudit: (place, entry) => alive(() => trailOf(place).append(entry).then(({ sequence, hash }) => ({ sequence, hash }), readable)),

    readAudit: (place, last, known) =>
      alive(async () => {
        const records = await trailOf(place).read().catch(readable);
        const broken = findBreak(records, known);
        return { records: records.slice(-last), total: records.length, ...(broken !== undefined && { broken }) };
      }),
  };
}
