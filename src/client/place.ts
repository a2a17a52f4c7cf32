import type { Stack } from '../model/stack';
import type { Place } from '../workflows/messages';

/** The place of a stack: its name and environment. */
export function placeOf({ name, environment }: Pick<Stack, 'name' | 'environment'>): Place {
  return { stack: name, environment };
}
