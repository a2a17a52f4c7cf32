import type { Anchor } from './anchor';
import type { Seal } from './seal';

/** How a worker keeps audit trails. */
export interface AuditSettings {
  seal: Seal;
  /** Also receives the end of each trail. */
  anchor?: Anchor;
  /** True: requests that cannot be recorded are carried out anyway. */
  isBestEffort: boolean;
}
