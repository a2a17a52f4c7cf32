import { z } from 'zod';
import { grammarOf, type NameKind } from '../../model/names';

/**
 * A name of a kind, by the one grammar that there is for it. No pattern of the JSON Schema: editors read files as they
 * are written, and a `${VARIABLE}` may stand for any part of a name.
 */
export function named(kind: NameKind) {
  const { pattern, hint } = grammarOf(kind);
  return z.string().refine((text) => pattern.test(text), hint);
}
