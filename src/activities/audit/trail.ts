import type { AuditEntry, AuditRecord } from '../../model/audit';
import type { Mark } from './seal';

/** Computes the MAC of a record from its hash. */
export type Marking = (hash: string) => Mark;

/** Append-only storage of the records of an environment. */
export interface Trail {
  read(): Promise<AuditRecord[]>;
  /** Durable when it resolves. An entry that is already there is not written again. */
  append(entry: AuditEntry): Promise<AuditRecord>;
}
