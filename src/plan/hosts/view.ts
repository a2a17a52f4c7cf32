import type { Placement, StackHost } from '../../model/stack';
import type { Observation } from '../../model/observation';
import type { Refusal } from '../plan';

/** A host as it was observed, and who acts on it. */
export interface HostObservation {
  /** Its name in the stack file; absent where that names none. */
  name?: string;
  taskQueue: string;
  observation: Observation;
}

/** The host of each service, and why there is none. */
export interface Placed {
  placement: Placement;
  refusals: Refusal[];
}

/** Everything that the planner knows of the world. */
export interface StackObservation {
  views: HostObservation[];
  /** Where services run, of a stack that names hosts. */
  placed?: Placed;
  /** Hosts that may have something of it, and cannot be asked. */
  lost?: string[];
}

/** What a stack may reserve of a host: no more than its file says, and than there is. */
export function within(view: HostObservation, host: StackHost): HostObservation {
  const { capacity } = view.observation;
  const total = Object.fromEntries(
    Object.entries(capacity.total).map(([amount, all]) => [
      amount,
      Math.min(all, host.capacity[amount as keyof StackHost['capacity']] ?? Infinity),
    ]),
  );
  return {
    ...view,
    observation: {
      ...view.observation,
      capacity: { ...capacity, host: host.name, total: total as typeof capacity.total },
    },
  };
}
