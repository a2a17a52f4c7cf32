import type { GivenSecrets } from '../model/instance';
import { storedReference } from '../model/text/marks';
import type { LoadOptions } from './load-options';
import type { Finding } from './problems';
import { isData } from './read/overlay';

/** Secrets that the client reads. */
export interface ClientSecrets {
  /** The file, with those of them as stored secrets that only the environment stores. */
  data: unknown;
  /** By name of the secret. */
  values: GivenSecrets;
  /** Variables that hold them. */
  used: string[];
  /** Variables without a value. */
  missing: string[];
  findings: Finding[];
}

/**
 * Reads the secrets with `read_by: client` of a stack file from the variables of the caller. Those of `--secret` are
 * taken byte for byte.
 * @param outer variables with references to stored secrets
 */
export function readClientSecrets(
  data: unknown,
  outer: Record<string, string | undefined>,
  { secrets: given = {}, stored }: LoadOptions,
): ClientSecrets {
  const secrets = isData(data) && isData(data.secrets) ? data.secrets : {};
  const read: ClientSecrets = { data, values: {}, used: [], missing: [], findings: [] };
  const ofStored: Record<string, unknown> = {};
  for (const [name, secret] of Object.entries(secrets)) {
    if (!isData(secret) || secret.read_by !== 'client' || typeof secret.environment !== 'string') continue;
    const { environment: variable, read_by: _, ...rest } = secret;
    const value = valueOf(given, variable) ?? valueOf(outer, variable);
    read.used.push(variable);
    if (stored?.includes(variable) && value === storedReference(variable)) {
      ofStored[name] = { ...rest, stored: variable };
      continue;
    }
    read.values[name] = value ?? '';
    if (value !== undefined) continue;
    read.missing.push(variable);
    read.findings.push({ path: ['secrets', name, 'environment'], message: unsetProblem(variable, stored) });
  }
  if (Object.keys(ofStored).length === 0) return read;
  return { ...read, data: { ...(data as object), secrets: { ...secrets, ...ofStored } } };
}

function valueOf<Value>(values: Record<string, Value>, name: string): Value | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function unsetProblem(variable: string, stored: readonly string[] | undefined): string {
  const advice = stored === undefined ? 'set it' : `set it, or store it with \`deploy-code secret set ${variable}\``;
  return `the variable ${variable} is not set; ${advice}`;
}
