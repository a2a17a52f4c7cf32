import type { ServedBy } from '../../../model/instance';
import type { Manifest } from '../../../kubernetes';

/** The manifests that a deployment has applied for a service, and when, in ms since the epoch. */
export interface Applied {
  deployment: number;
  manifests: Manifest[];
  at: number;
  /** Number of pods when it was replaced. */
  replicas?: number;
}

/** The applied manifests of a service, and those that they replaced. */
export interface Entry {
  current: Applied;
  before?: Applied;
  servedBy?: ServedBy;
  /** Paths of objects to delete, until they are deleted. */
  stale?: string[];
}

/** An entry with the version that was read: a write fails if it has changed since. */
export interface Noted extends Entry {
  version: string;
}
