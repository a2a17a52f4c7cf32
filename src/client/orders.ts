import { longestAuthor, longestReason } from '../model/text';
import type { Act } from '../workflows/messages';
import { BadRequest } from '../temporal/errors';
import { lineOf } from './within-limits';
import { origin, userName } from './user';

/** Options of a freeze, or of a pause of the watch. */
export interface OrderOptions {
  /** Absent: until it is ended by a request. */
  until?: Date;
  reason?: string;
  /** Default the user of this process. */
  by?: string;
}

/** Validates the options; `name` is used in errors. @throws BadRequest if `until` is not in the future */
export function orderOf(
  name: string,
  { until, reason, by = userName() }: OrderOptions,
): { by: string; reason?: string; until?: number } {
  if (until && !(until.getTime() > Date.now())) throw new BadRequest(`${name} must end in the future`);
  return {
    by: lineOf('by', by, longestAuthor),
    ...(reason !== undefined && { reason: lineOf('reason', reason, longestReason) }),
    ...(until && { until: until.getTime() }),
  };
}

/** The author of an action, for the audit trail; default the user of this process. */
export function actOf(by = userName()): Act {
  return { by: lineOf('by', by, longestAuthor), from: origin() };
}

/** The same with an author in any case. */
export function authorOf(by: string | undefined): { by: string; from?: string } {
  const { by: author = '', from } = actOf(by);
  return { by: author, ...(from !== undefined && { from }) };
}
