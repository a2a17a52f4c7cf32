import { z } from 'zod';
import { containerOfMode, serviceOfMode } from '../../model/instance';
import { isName } from '../../model/names';
import { choice } from './values';

/** A namespace: one of the values in any case, that of another service, or that of a container outside the stack. */
export function modes<const T extends readonly [string, ...string[]]>(...values: T) {
  const joined = z.string().refine(isJoined, {
    error: () => `use ${values.join(', ')}, service:NAME or container:NAME`,
  });
  return z.union([joined, choice(...values)]);
}

function isJoined(mode: string): boolean {
  return isName('service', serviceOfMode(mode)) || isName('container', containerOfMode(mode));
}
