import type { AuditEntry } from '../../model/audit';
import { longestAuthor, longestReason, oneLine } from '../../model/text';

const longestResult = 2000;

/** An entry with single-line texts, so that no line break in a reason can fake a record. */
export function asRow({ by, from, what, why, result, ...rest }: AuditEntry): AuditEntry {
  return {
    ...rest,
    by: oneLine(by, longestAuthor),
    what: oneLine(what, longestResult),
    result: oneLine(result, longestResult),
    ...(from !== undefined && { from: oneLine(from, longestAuthor) }),
    ...(why !== undefined && { why: oneLine(why, longestReason) }),
  };
}
