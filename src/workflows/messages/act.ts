import { longestAuthor, longestReason } from '../../model/text';
import { line, only, optional, type TypeOf } from './shape';

export const author = line(longestAuthor);
export const reason = optional(line(longestReason));

export const act = only({
  by: author,
  /** Host the request came from. */
  from: optional(author),
});

/** The author of an act; empty from clients of earlier versions. */
export type Act = Partial<TypeOf<typeof act>>;
