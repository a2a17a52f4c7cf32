import type { Data } from '../canonical/values';
import type { Notes } from './notes';
import type { Relations } from './relations';

/** A part of a service while it is converted. */
export interface Part {
  name: string;
  service: Data;
  relations: Relations;
  notes: Notes;
}
