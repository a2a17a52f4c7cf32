import type { Anchor } from './anchor';
import type { Seal } from './seal';

/** How a worker keeps audit trails. */
export interface AuditSettings {
  seal: Seal;
  /** Where the end of each trail is noted as well. */
  anchor?: Anchor;
  /** What cannot be recorded is done all the same. */
  isBestEffort: boolean;
}
