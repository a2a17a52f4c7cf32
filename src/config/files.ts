import { existsSync } from 'node:fs';
import { basename, dirname, join, parse, resolve } from 'node:path';
import { StackFileError } from './problems';
import { parseYamlDocuments, type SourceDocument } from './read/document';
import { isData } from './read/overlay';
import { readText } from './read/source';

/** Files to read, in the order in which later ones override earlier ones. */
export interface FileChoice {
  dialect: 'stack' | 'compose';
  files: string[];
  /** Folder that relative paths begin at. */
  folder: string;
  /** Documents of the files that were parsed to know their dialect. */
  parsed: ReadonlyMap<string, SourceDocument[]>;
  /** An override that `docker compose` would have found by itself. */
  unreadOverride?: string;
  /** The key for which a file that is called like a Compose file is read as a stack file. */
  ownKey?: { file: string; path: string[] };
}

const own = 'deploy-code.yaml';
const composeFiles = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const overrides = ['compose.override.yml', 'compose.override.yaml'].flatMap((name) => [name, `docker-${name}`]);

/**
 * Chooses the files of a stack: those that are named, else `deploy-code.yaml`, else the Compose file of the folder with
 * its override. With an environment, also `<file>.<environment>.yaml` where it exists.
 */
export function chooseFiles(
  named: readonly string[],
  environment: string | undefined,
  shell: Record<string, string | undefined>,
): FileChoice {
  const given = named.length > 0 ? [...named] : found(shell);
  const folder = resolve(dirname(given[0]!));
  const parsed = new Map<string, SourceDocument[]>();
  const dialect = dialectOf(given, parsed);
  const ownKey = dialect === 'stack' ? ownKeyOfCompose(given, parsed) : undefined;
  const isOneOfTheFolder = named.length === 1 && dialect === 'compose';
  return {
    dialect,
    files: [...given, ...ofEnvironment(given[0]!, environment)],
    folder,
    parsed,
    ...(ownKey && { ownKey }),
    ...(isOneOfTheFolder && composeFiles.includes(basename(given[0]!)) && { unreadOverride: overrideIn(folder) }),
  };
}

function found(shell: Record<string, string | undefined>): string[] {
  if (existsSync(own)) return [own];
  const listed = shell.COMPOSE_FILE;
  if (listed) return listed.split(shell.COMPOSE_PATH_SEPARATOR || ':').filter(Boolean);
  const compose = composeFiles.find((name) => existsSync(name));
  if (compose === undefined) return [own];
  const override = overrideIn('.');
  return override === undefined ? [compose] : [compose, override];
}

function overrideIn(folder: string): string | undefined {
  const name = overrides.find((each) => existsSync(join(folder, each)));
  return name && join(folder, name);
}

function ofEnvironment(file: string, environment: string | undefined): string[] {
  const { dir, name, ext } = parse(file);
  const over = join(dir, `${name}.${environment}${ext}`);
  return environment && existsSync(over) ? [over] : [];
}

/**
 * A file with a key that only stack files have is one. Else it is a Compose file if it is called like one, has several
 * documents, or has no name, which every stack file has.
 */
function dialectOf(files: readonly string[], parsed: Map<string, SourceDocument[]>): FileChoice['dialect'] {
  if (basename(files[0]!).startsWith('deploy-code') || files.some(beginsAsStackFile)) return 'stack';
  const documents = files.flatMap((file) => documentsOf(file, parsed)).map(({ data }) => data);
  if (documents.some((data) => ownKeyIn(data) !== undefined)) return 'stack';
  if (documents.length > files.length) return 'compose';
  return files.some(isCalledCompose) || !documents.some((data) => isData(data) && data.name !== undefined)
    ? 'compose'
    : 'stack';
}

function isCalledCompose(file: string): boolean {
  return /(^|[._-])compose([._-]|$)/i.test(basename(file));
}

function ownKeyOfCompose(files: readonly string[], parsed: Map<string, SourceDocument[]>): FileChoice['ownKey'] {
  for (const file of files.filter(isCalledCompose))
    for (const { data } of documentsOf(file, parsed)) {
      const path = ownKeyIn(data);
      if (path) return { file, path };
    }
  return undefined;
}

/** Sees a key of ours at the top without parsing the file. */
function beginsAsStackFile(file: string): boolean {
  const start = new RegExp(`^(?:${ownKeys['']!.join('|')}):`, 'm');
  try {
    return start.test(readText(file));
  } catch (error) {
    if (error instanceof StackFileError) return false;
    throw error;
  }
}

/** What cannot be parsed is reported when it is read. */
function documentsOf(file: string, parsed: Map<string, SourceDocument[]>): SourceDocument[] {
  const known = parsed.get(file);
  if (known) return known;
  try {
    const documents = parseYamlDocuments(file, readText(file));
    parsed.set(file, documents);
    return documents;
  } catch (error) {
    if (error instanceof StackFileError) return [];
    throw error;
  }
}

const ownKeys: Record<string, readonly string[]> = {
  '': words('environment dry_run infrastructure security deployment watch monitoring subscribers schedules triggers'),
  services: words(
    'kind health_check replicas resources strategy hooks phase zone host run schedule timeout on_rollback on_failure ' +
      'drain_timeout',
  ),
  networks: ['cidr'],
  volumes: words('shared size storage_class'),
  secrets: ['vault', 'stored'],
};

function words(text: string): string[] {
  return text.split(' ');
}

/** The path of the first key that only stack files have. */
function ownKeyIn(data: unknown): string[] | undefined {
  if (!isData(data)) return undefined;
  for (const [section, keys] of Object.entries(ownKeys)) {
    const items = section === '' ? [[[], data] as const] : Object.entries(isData(data[section]) ? data[section] : {});
    for (const [name, item] of items) {
      const key = isData(item) ? keys.find((each) => Object.hasOwn(item, each)) : undefined;
      if (key !== undefined) return section === '' ? [key] : [section, String(name), key];
    }
  }
  return undefined;
}

const spelledByCompose: Record<string, string> = {
  health_check: 'healthcheck',
  replicas: 'replicas under deploy',
  resources: 'resources under deploy',
  cidr: 'subnet under ipam',
};

/** Why a file that is called like a Compose file is a stack file, and how it would not be one. */
export function whyStackFile(path: readonly string[]): string {
  const key = path.at(-1)!;
  const remedy = Object.hasOwn(spelledByCompose, key)
    ? `write ${spelledByCompose[key]}`
    : 'write keys of a stack file under x-deploy-code';
  return `makes this a stack file, which needs a name and has keys of its own; for a Compose file, ${remedy}`;
}
