import { z } from 'zod';
import { grammarOf, type NameKind } from '../../model/names';

/** A name of a kind, by the one grammar that there is for it. */
export function named(kind: NameKind) {
  const { pattern, hint } = grammarOf(kind);
  return z.string().regex(pattern, hint);
}
