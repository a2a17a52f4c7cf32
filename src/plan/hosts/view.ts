import type { Placement, StackHost } from '../../model/stack';
import type { Observation } from '../../model/observation';
import type { Refusal } from '../plan';

/** The observation of a host, and the task queue of its worker. */
export interface HostObservation {
  /** Its name in the stack file; absent if the file names no hosts. */
  name?: string;
  taskQueue: string;
  observation: Observation;
}

/** The host of each service, or the refusals. */
export interface Placed {
  placement: Placement;
  refusals: Refusal[];
}

/** The observations of all hosts of a stack. */
export interface StackObservation {
  views: HostObservation[];
  /** Set if the stack names hosts. */
  placed?: Placed;
  /** Unreachable hosts that may still run parts of the stack. */
  lost?: string[];
}

/** Limits the capacity of a host to the amounts in the stack file. */
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
