import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EnvFileError, parseEnvFile } from '../../model/text/env-file';
import { StackFileError } from '../problems';
import { readText } from '../read/source';

/** Variables by name. */
export type Environment = Record<string, string>;

/**
 * The variables for a Compose file: those of `outer` (the shell) win over those of the env files, and a later file over
 * an earlier one. Without `files`, the `.env` of the folder is read if it exists.
 * @throws StackFileError if a file cannot be read or parsed
 */
export function toEnvironment(
  outer: Record<string, string | undefined>,
  folder: string,
  files: readonly string[] | undefined,
): Environment {
  let values: Environment = {};
  for (const file of files ?? dotEnvOf(folder))
    values = { ...values, ...readEnvFile(resolve(folder, file), outer, values) };
  return { ...values, ...set(outer) };
}

/** The `.env` of a folder, if it is there. */
function dotEnvOf(folder: string): string[] {
  const file = join(folder, '.env');
  return existsSync(file) && !statSync(file).isDirectory() ? [file] : [];
}

function readEnvFile(file: string, outer: Record<string, string | undefined>, earlier: Environment): Environment {
  try {
    const values = parseEnvFile(readText(file, 'check the path of the env file'), { outer, earlier, unset: 'empty' });
    return Object.fromEntries(Object.entries(values).filter(([name]) => !/^\d/.test(name)));
  } catch (error) {
    if (!(error instanceof EnvFileError)) throw error;
    throw new StackFileError([{ file, line: error.line, path: '', message: error.reason }]);
  }
}

function set(values: Record<string, string | undefined>): Environment {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
