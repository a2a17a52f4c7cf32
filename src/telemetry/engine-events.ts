import type { Event, HostEvent } from '../model/events';

/** Events of the worker's workflows, for its metrics and logs. */
export interface EngineEvents {
  event: [Event | HostEvent];
}
