import { z } from 'zod';
import { grammarOf, type NameKind } from '../../model/names';

/**
 * Schema of a name of the given kind. It is not a pattern of the JSON Schema, because editors check files before
 * interpolation, and a name may contain `${VARIABLE}`.
 */
export function named(kind: NameKind) {
  const { pattern, hint } = grammarOf(kind);
  return z.string().refine((text) => pattern.test(text), hint);
}
