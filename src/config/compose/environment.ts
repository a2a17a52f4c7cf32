import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EnvFileError, parseEnvFile, type EnvFileOptions } from '../../model/text/env-file';
import { isCredentialVariable } from '../../model/names/credential-names';
import { hasMark, mark } from '../../model/text/marks';
import type { SecretVariables } from '../given-variables';
import { StackFileError } from '../problems';
import { readText } from '../read/source';
import { markProblem } from '../read/variables';

/** Variables by name. */
export type Environment = Record<string, string>;

export interface EnvironmentOptions {
  /** Env files; default the `.env` of the folder, if it exists. */
  files?: readonly string[];
  /** Values that all others win over. */
  below?: Environment;
  /** Called with each variable that an env file refers to and that is not set. */
  onUnset?: (name: string) => void;
  /** Called with each variable of `outer` that an env file takes. */
  used?: (name: string) => void;
  /** Gets the names of variables with a secret value in them. */
  secret?: SecretVariables;
}

type Outer = Record<string, string | undefined>;

/**
 * The variables for a Compose file: those of `outer` (the shell) win over those of the env files, and a later file over
 * an earlier one.
 * @throws StackFileError if a file cannot be read or parsed
 */
export function toEnvironment(outer: Outer, folder: string, options: EnvironmentOptions = {}): Environment {
  const { files = dotEnvOf(folder), below = {}, secret, onUnset, used } = options;
  let values: Environment = below;
  for (const file of files) {
    const own = readEnvFile(resolve(folder, file), { outer, earlier: values, onUnset, used });
    values = { ...values, ...own };
  }
  const environment = { ...values, ...set(outer) };
  for (const [name, value] of Object.entries(environment))
    if (hasMark(value) && value !== outer[name]) secret?.names.add(name);
  return environment;
}

/** The `.env` of a folder, if it is there. */
function dotEnvOf(folder: string): string[] {
  const file = join(folder, '.env');
  return existsSync(file) && !statSync(file).isDirectory() ? [file] : [];
}

function readEnvFile(file: string, options: EnvFileOptions): Environment {
  const text = readText(file, 'check the path of the env file');
  if (hasMark(text)) throw new StackFileError([{ file, path: '', message: markProblem }]);
  try {
    const values = parseEnvFile(text, { ...options, unset: 'empty', filled: withMark });
    return Object.fromEntries(Object.entries(values).filter(([name]) => !/^\d/.test(name)));
  } catch (error) {
    if (!(error instanceof EnvFileError)) throw error;
    throw new StackFileError([{ file, line: error.line, path: '', message: error.reason }]);
  }
}

/** A variable that is made of a credential is one too. */
function withMark(name: string, value: string): string {
  return isCredentialVariable(name) && !hasMark(value) ? mark(value) : value;
}

function set(values: Record<string, string | undefined>): Environment {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
