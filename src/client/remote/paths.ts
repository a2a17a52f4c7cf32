import type { Place } from '../../workflows/messages';

/** The address of an environment. */
export function pathOf({ stack, environment }: Place): string {
  return `/environments/${encodeURIComponent(stack)}/${encodeURIComponent(environment)}`;
}
