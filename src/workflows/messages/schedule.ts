import type { ScheduleSpec } from '../../model/schedule';
import type { Place } from './place';

/** What a schedule is called, and what it starts with. */

export const scheduleId = ({ stack, environment }: Place, name: string): string => `schedule/${stack}/${environment}/${name}`;

export interface RedeployInput {
  place: Place;
  spec: ScheduleSpec;
  /** `file`: written in the stack file, and kept in step with it by deployments. */
  source: 'file' | 'client';
}
