/** The audit trail: every request with its author and its outcome. */

export interface AuditEntry {
  /** The same on every attempt to write it. */
  id: string;
  /** In ms since the epoch. */
  at: number;
  by: string;
  /** Host the request came from. */
  from?: string;
  what: string;
  why?: string;
  result: string;
  deployment?: number;
}

/** An entry in the hash chain: `hash` covers all other fields and, through `previous`, every earlier record. */
export interface AuditRecord extends AuditEntry {
  sequence: number;
  previous: string;
  hash: string;
  /** Id of the installation's key behind `mac`; absent, like `mac`, in records of earlier versions. */
  key?: string;
  /** HMAC-SHA256 over the trail's name and the hash; proves the writer. */
  mac?: string;
}

/** The last record, as remembered outside the trail. */
export interface AuditHead {
  sequence: number;
  hash: string;
  /** Absent for a trail kept in a file. */
  place?: 'database';
}

/** The result of reading a trail. */
export interface AuditTrail {
  /** The most recent records, oldest first. */
  records: AuditRecord[];
  total: number;
  /** A sentence that says where the chain is broken; absent if it is intact. */
  broken?: string;
  /** Sentences about which records the worker's key proves, and which have no proof; absent from earlier workers. */
  proof?: string[];
}
