import type { ScheduleSpec } from '../../model/schedule';
import type { Place } from './place';

/** What a schedule starts with. */

export interface RedeployInput {
  place: Place;
  spec: ScheduleSpec;
  /** `file`: written in the stack file, and kept in step with it by deployments. */
  source: 'file' | 'client';
}
