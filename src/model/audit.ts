/** The words about the audit trail: who asked for what, and what came of it. */

export interface AuditEntry {
  /** The same for every try of writing it. */
  id: string;
  /** In ms since the epoch. */
  at: number;
  by: string;
  /** Host that the request came from. */
  from?: string;
  what: string;
  why?: string;
  result: string;
  deployment?: number;
}

/** An entry in its place: `hash` covers everything else and, through `previous`, all that came before. */
export interface AuditRecord extends AuditEntry {
  sequence: number;
  previous: string;
  hash: string;
  /** Which installation's key its MAC is by; absent, as the MAC, in records of earlier versions. */
  key?: string;
  /** Proves who wrote it: HMAC-SHA256 over the trail's name and the hash. */
  mac?: string;
}

/** The last record, as somebody else than the trail itself remembers it. */
export interface AuditHead {
  sequence: number;
  hash: string;
  /** Absent where it is a file. */
  place?: 'database';
}

/** What reading a trail gives. */
export interface AuditTrail {
  /** The last ones, the oldest of them first. */
  records: AuditRecord[];
  total: number;
  /** Where the chain is broken, in a sentence; absent: it is whole. */
  broken?: string;
  /** Sentences about what the worker's key proves, and what nothing proves; absent from workers of earlier versions. */
  proof?: string[];
}
