import { z } from 'zod';
import { serviceOfMode } from '../../model/instance';
import { isName } from '../../model/names';
import { choice } from './values';

/** A namespace: one of the values in any case, or `service:NAME` for that of another service. */
export function modes<const T extends readonly [string, ...string[]]>(...values: T) {
  const ofService = z.string().refine(isOfService, { error: ({ input }) => problemOf(String(input), values) });
  return z.union([ofService, choice(...values)]);
}

function isOfService(mode: string): boolean {
  const service = serviceOfMode(mode);
  return service !== undefined && isName('service', service);
}

function problemOf(mode: string, values: readonly string[]): string {
  return mode.startsWith('container:') ? foreignContainer : `use ${values.join(', ')} or service:NAME`;
}

/** Why no namespace of a container outside the stack is joined. */
export const foreignContainer =
  'names a container outside the stack, which may be replaced at any time; make it a service of this stack and write ' +
  'service:NAME, or let both join an external network';
