import type { Evidence } from '../../model/instance-status';

/** How a deployment ended. One shape for success and failure. */
export type Outcome =
  'succeeded' | 'unchanged' | 'refused' | 'rolled_back' | 'left_as_is' | 'rollback_incomplete' | 'cancelled';

export interface Cause {
  service?: string;
  /** The id of a step, or the stage that failed: `plan`, `confirm`, `timeout`, `cancel`. */
  step: string;
  /** The title of the step. */
  title?: string;
  message: string;
  evidence?: Evidence;
}
