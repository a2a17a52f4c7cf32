import { hostname } from 'node:os';
import { longestAuthor, longestReason } from '../model/text';
import type { Act } from '../workflows/messages';
import { BadRequest } from '../temporal/errors';
import { lineOf } from './line-of';
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
export function orderOf(
  what: string,
  { until, reason, by = userName() }: OrderOptions,
): { by: string; reason?: string; until?: number } {
  if (until && !(until.getTime() > Date.now())) throw new BadRequest(`${what} ends at a time to come`);
  return {
    by: lineOf('by', by, longestAuthor),
    ...(reason !== undefined && { reason: lineOf('reason', reason, longestReason) }),
    ...(until && { until: until.getTime() }),
  };
}

/** Who does something, for the audit trail; default the user of this process. */
export function actOf(by = userName()): Act {
  return { by: lineOf('by', by, longestAuthor), from: hostname() };
}
