import { z } from 'zod';
import { containerOfMode, serviceOfMode } from '../../model/instance';
import { isName } from '../../model/names';
import { networkModeProblem } from '../../model/names/network-modes';
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

/** The network of a container: as in {@link modes}, or a network of the engine by its name. */
export function networkModes(...values: readonly string[]) {
  const isOfEngine = (mode: string) => isName('network', mode) && networkModeProblem(mode) === undefined;
  return z.preprocess(
    (mode) => (typeof mode === 'string' ? (values.find((each) => each === mode.toLowerCase()) ?? mode) : mode),
    z.string().refine((mode) => values.includes(mode) || isJoined(mode) || isOfEngine(mode), {
      error: () => `use ${values.join(', ')}, service:NAME, container:NAME or the name of a network of the engine`,
    }),
  );
}
