import type { ServedBy } from '../../../model/instance';
import type { Manifest } from '../../../kubernetes';

/** The manifests that a deployment has applied for a service, and when, in ms since the epoch. */
export interface Applied {
  deployment: number;
  manifests: Manifest[];
  at: number;
  /** How many pods there were when something else took its place. */
  replicas?: number;
}

/** What was applied last, and what it took the place of. */
export interface Entry {
  current: Applied;
  before?: Applied;
  servedBy?: ServedBy;
  /** Paths of what is to be deleted, until that is done. */
  stale?: string[];
}

/** An entry as it was read: who writes it again has to have seen it last. */
export interface Noted extends Entry {
  version: string;
}
