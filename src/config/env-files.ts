import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { VariableValues } from '../model/instance';
import { EnvFileError, parseEnvFile } from '../model/text/env-file';
import { hasMark } from '../model/text/marks';
import type { GivenVariables } from './given-variables';
import { mapping } from './compose/canonical/values';
import { hasControlCharacter } from './normalise/words';
import { StackFileError, type Finding, type Problem } from './problems';
import { isData } from './read/overlay';
import { readText } from './read/source';
import { markProblem } from './read/variables';

/** Where env files are, and what their references mean. */
export interface EnvFileContext {
  /** Folder that relative paths begin at. */
  folder: string;
  /** Variables of the caller; they win over those of the files, except stored secrets. */
  outer: Record<string, string | undefined>;
  given: Pick<GivenVariables, 'stored' | 'secret'>;
  /** Variables of each service that no file may set. */
  removed?: Record<string, string[]>;
}

/** What the env files that the client reads say. */
export interface EnvFileReading {
  /** Variables of each service that has some. */
  values: Record<string, VariableValues>;
  /** Variables of the caller that the files take. */
  used: Set<string>;
  /** Variables without a value, also those with a default. */
  missing: Set<string>;
  findings: Finding[];
  warnings: Problem[];
}

/** An env file as an entry of a stack file that fits the schema. */
interface Entry {
  path: string;
  required?: boolean;
  format?: string;
}

/** Limit for the variables of one service, in bytes. They travel with each of its instances. */
const largest = 200 * 1024;

/**
 * Reads the env files with `read_by: client`, as Compose does: a later file wins over an earlier one, and `environment`
 * over all of them. What does not fit the schema is skipped.
 * @param data a stack file with its variables filled in
 */
export function readEnvFiles(data: unknown, context: EnvFileContext): EnvFileReading {
  const reading: EnvFileReading = { values: {}, used: new Set(), missing: new Set(), findings: [], warnings: [] };
  const services = isData(data) && isData(data.services) ? data.services : {};
  for (const [name, service] of Object.entries(services)) {
    const entries = isData(service) && Array.isArray(service.env_file) ? service.env_file : [];
    if (!isData(service) || !entries.some(isOfClient)) continue;
    const values = ofService(name, entries, mapping(service.environment), context, reading);
    if (Object.keys(values).length > 0) reading.values[name] = values;
  }
  return reading;
}

function isOfClient(entry: unknown): entry is Entry {
  return isData(entry) && entry.read_by === 'client' && typeof entry.path === 'string';
}

function ofService(
  name: string,
  entries: readonly unknown[],
  own: VariableValues,
  context: EnvFileContext,
  reading: EnvFileReading,
): VariableValues {
  const { folder, removed = {} } = context;
  let values: VariableValues = {};
  for (const [index, entry] of entries.entries()) {
    if (!isOfClient(entry)) continue;
    const file = resolve(folder, entry.path);
    if (entry.required === false && !existsSync(file)) continue;
    const refuse = (message: string) => reading.findings.push({ path: ['services', name, 'env_file', index], message });
    values = { ...values, ...readEnvFile(file, entry, { own, earlier: values, context, reading, refuse }) };
    if (sizeOf(values) <= largest) continue;
    refuse(`its variables are larger than ${largest / 1024} KiB; mount large texts as files, with configs or secrets`);
    return {};
  }
  const hidden = new Set([...Object.keys(own), ...(removed[name] ?? [])]);
  return Object.fromEntries(
    Object.entries(values)
      .filter(([key]) => !hidden.has(key))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

interface Reader {
  /** Variables of the service itself. */
  own: VariableValues;
  earlier: VariableValues;
  context: EnvFileContext;
  reading: EnvFileReading;
  refuse: (message: string) => void;
}

function readEnvFile(
  file: string,
  { format }: Entry,
  { own, earlier, context: { outer, given }, reading, refuse }: Reader,
): VariableValues {
  const { stored, secret } = given;
  try {
    const text = readText(file, 'check the path of the env file');
    if (hasMark(text)) throw new StackFileError([{ path: '', message: `${file} ${markProblem}` }]);
    const values = parseEnvFile(text, {
      outer: { ...own, ...withoutStored(outer, stored) },
      earlier,
      below: stored,
      unset: 'empty',
      raw: format === 'raw',
      used: (name) => {
        reading.used.add(name);
        if (!secret.names.has(name) && hasMark(outer[name] ?? '')) refuse(`the value of ${name} ${markProblem}`);
      },
      onUnset: (name) => {
        if (secret.files.has(name)) refuse(`the value of ${name} is not text, so no variable can have it`);
        reading.missing.add(name);
      },
      foundUnset: (line) => reading.warnings.push({ file, line, path: '', message: unsetWarning }),
    });
    const name = Object.keys(values).find(hasControlCharacter);
    if (name !== undefined) refuse(`${file} has the variable ${JSON.stringify(name)}; use letters, digits and _`);
    return values;
  } catch (error) {
    if (error instanceof EnvFileError) refuse(`${file}, ${error.message}`);
    else if (error instanceof StackFileError) refuse(error.message);
    else throw error;
    return {};
  }
}

/** The variables of the caller that have a value of their own: files win over stored secrets. */
function withoutStored(
  outer: EnvFileContext['outer'],
  stored: Record<string, string>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(outer).filter(([name, value]) => value !== undefined && value !== stored[name]),
  );
}

/** It does not name the variable: that may be a part of a password with a dollar sign in it. */
const unsetWarning =
  'refers to a variable that is not set, which is empty here; set it, or write a literal dollar sign as $$';

function sizeOf(values: VariableValues): number {
  return Buffer.byteLength(JSON.stringify(values));
}
