import type { Stack } from '../model/stack';
import type { Place } from '../workflows/messages';

/** Where a stack goes: its own name, in its environment. */
export function placeOf({ name, environment }: Pick<Stack, 'name' | 'environment'>): Place {
  return { stack: name, environment };
}
