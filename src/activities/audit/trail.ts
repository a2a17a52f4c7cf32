import type { AuditEntry, AuditRecord } from '../../model/audit';

/** Where the records of an environment are kept. They are only ever appended to. */
export interface Trail {
  read(): Promise<AuditRecord[]>;
  /** Lasting once it resolves. An entry that is there already is not written twice. */
  append(entry: AuditEntry): Promise<AuditRecord>;
}
