import type { AuditEntry } from '../../model/audit';
import { longestAuthor, longestReason, oneLine } from '../../model/text';

const longestResult = 2000;

/** An entry whose every text is one line: no line end in a reason can look like a record of its own. */
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
