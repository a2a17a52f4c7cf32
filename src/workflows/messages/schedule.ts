import type { ScheduleSpec } from '../../model/schedule';
import type { Place } from './place';

/** Input of the workflow that a schedule starts. */

export interface RedeployInput {
  place: Place;
  spec: ScheduleSpec;
  /** `file`: defined in the stack file, and synchronised by deployments. */
  source: 'file' | 'client';
}
