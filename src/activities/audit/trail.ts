import type { AuditEntry, AuditRecord } from '../../model/audit';
import type { Mark } from './seal';

/** The MAC of a record, by its hash. */
export type Marking = (hash: string) => Mark;

/** Where the records of an environment are kept. They are only ever appended to. */
export interface Trail {
  read(): Promise<AuditRecord[]>;
  /** Lasting once it resolves. An entry that is there already is not written twice. */
  append(entry: AuditEntry): Promise<AuditRecord>;
}
