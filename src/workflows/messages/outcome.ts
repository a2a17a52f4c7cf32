import type { Evidence } from '../../model/instance-status';

/** How a deployment ended. One shape for success and failure. */
export type Outcome =
  'succeeded' | 'unchanged' | 'refused' | 'rolled_back' | 'left_as_is' | 'rollback_incomplete' | 'cancelled';

export interface Cause {
  service?: string;
  step: string;
  message: string;
  evidence?: Evidence;
}
