import { BadRequest } from './errors';
import { userName } from './user';

/** What somebody orders for a while, a freeze or a pause: until when, why, and who does. */
export interface OrderOptions {
  /** Absent: until somebody ends it. */
  until?: Date;
  reason?: string;
  /** Default the user of this process. */
  by?: string;
}

/** @throws BadRequest where it would be over already */
export function orderOf(what: string, { until, reason, by = userName() }: OrderOptions): { by: string; reason?: string; until?: number } {
  if (until && !(until.getTime() > Date.now())) throw new BadRequest(`${what} ends at a time to come`);
  return { by, ...(reason !== undefined && { reason }), ...(until && { until: until.getTime() }) };
}
