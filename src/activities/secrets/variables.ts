import { z } from 'zod';
import type { VariableValues } from '../../model/instance';
import { SoftwareFault } from '../failures';
import { isHarmless } from './harmless';
import { shortestMasked } from './masker';
import { parseJson } from '../../model/text/json';

const variables = z.record(z.string().regex(/^[^=\0\s]+$/), z.string().regex(/^[^\0]*$/));

/**
 * The variables of env files that a client has read and sealed.
 * @throws SoftwareFault if the secret is something else
 */
export function sealedVariables(name: string, value: Uint8Array): VariableValues {
  const parsed = variables.safeParse(parseJson(Buffer.from(value).toString('utf8')));
  if (parsed.success) return parsed.data;
  throw new SoftwareFault(`the secret ${name} does not consist of variables; deploy it again`);
}

/** Values of variables that are masked: all but common settings. */
export function secretValues(values: VariableValues): Buffer[] {
  return Object.entries(values)
    .filter(([name, value]) => value.length >= shortestMasked && !isHarmless(name, value))
    .map(([, value]) => Buffer.from(value));
}
