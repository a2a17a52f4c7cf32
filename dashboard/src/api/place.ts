import type { Place } from './types';

/** The name of an environment, as people write it: `shop/production`. */
export function placeText({ stack, environment }: Place): string {
  return `${stack}/${environment}`;
}
