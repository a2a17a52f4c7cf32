import type { InstanceSpec } from '../../model/instance';
import type { ObservedInstance } from '../../model/observation';
import type { Lane } from '../plan';
import type { StepFactory } from '../steps';

/** One ordinal of a service: what runs there, and what shall. */
export interface Slot {
  /** Instances to retire: out of date, or of ordinals that are no longer wanted. */
  old: ObservedInstance[];
  /** Absent where the ordinal goes away. */
  next?: InstanceSpec;
}

export interface Replacement {
  slots: Slot[];
  postStart?: string[];
  steps: StepFactory;
}

/** How the instances of a service are replaced. Returns steps; performs nothing. */
export type Strategy = (replacement: Replacement) => Lane[];
