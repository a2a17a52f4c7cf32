import { basename, dirname, resolve } from 'node:path';
import { stringify } from 'yaml';
import { fromComposeSpellings } from '../read/compose-spellings';
import { parseYaml } from '../read/document';
import { isData } from '../read/overlay';
import { StackFileError } from '../problems';
import { prune } from '../read/prune';
import { schemaFindings } from '../schema/problems';
import { stackFile } from '../schema/stack-file';
import { readText } from '../read/source';

type Data = Record<string, unknown>;

/** A part of the Compose file that is missing in the stack file. */
export interface Lost {
  line: number;
  path: string;
  message: string;
}

export interface Imported {
  /** The stack file. */
  text: string;
  lost: Lost[];
}

/**
 * Turns a Compose file into a stack file.
 * @throws StackFileError if the file is not YAML, or not a Compose file
 */
export function importCompose(file: string, name?: string): Imported {
  const document = parseYaml(file, readText(file));
  const lost: Lost[] = [];
  const lose = (path: (string | number)[], message: string) =>
    lost.push({ line: document.locate(path).line, path: path.join('.'), message });

  const spelled = fromComposeSpellings(document.data);
  const stack = spelled.data as Data;
  if (!isData(document.data) || !isData(stack.services))
    throw new StackFileError([{ file, path: '', message: 'is not a Compose file: it has no services' }]);
  for (const { path, message } of spelled.findings) lose(path, message);
  const origin = String(stack.name ?? basename(dirname(resolve(file))));
  const result = withoutUnknown(
    { name: name ?? toName(origin), ...without(stack, ['name', 'version']), services: toServices(stack.services) },
    lose,
  );
  declareVolumes(result, toComposeProject(origin));
  return {
    text:
      `# Imported from ${basename(file)}. \`deploy-code validate\` checks it, \`deploy-code ` +
      `plan\` shows what it does.\n${stringify(result, { lineWidth: 120 })}`,
    lost,
  };
}

type Lose = (path: (string | number)[], message: string) => void;

/** Services that another service waits for until they have completed become jobs. */
function toServices(services: Data): Data {
  const dependencies = Object.values(services).flatMap((service) =>
    isData(service) && isData(service.depends_on) ? Object.entries(service.depends_on) : [],
  );
  const jobs = new Set(dependencies.filter(([, condition]) => condition === 'completed').map(([name]) => name));
  return Object.fromEntries(
    Object.entries(services).map(([name, service]) => {
      if (!isData(service)) return [name, service];
      return [
        name,
        {
          ...(jobs.has(name) && { kind: 'job' }),
          ...passVariables(without(service, jobs.has(name) ? ['restart'] : [])),
        },
      ];
    }),
  );
}

/** In Compose, a bare name passes on a variable of the shell. */
function passVariables(service: Data): Data {
  if (!Array.isArray(service.environment)) return service;
  const environment = service.environment.map((item: unknown) =>
    typeof item === 'string' && !item.includes('=') ? `${item}=\${${item}}` : item,
  );
  return { ...service, environment };
}

/** Removes and reports everything that does not fit the schema, until the rest is valid. */
function withoutUnknown(stack: Data, lose: Lose, rounds = 5): Data {
  const parsed = stackFile.safeParse(stack);
  if (parsed.success || rounds === 0) return stack;
  const findings = schemaFindings(stackFile, parsed.error.issues);
  for (const { path, message } of findings) lose(path, message.replace(/;.*/, ', and is left out'));
  return withoutUnknown(
    prune(
      stack,
      findings.map(({ path }) => path),
    ) as Data,
    lose,
    rounds - 1,
  );
}

/**
 * Declares volumes that only services name. Each keeps the name that Compose gave it on the host, so that existing data
 * is used instead of an empty volume.
 */
function declareVolumes(stack: Data, project: string): void {
  if (!isData(stack.services)) return;
  const declared: Data = isData(stack.volumes) ? stack.volumes : {};
  for (const service of Object.values(stack.services)) {
    if (!isData(service) || !Array.isArray(service.volumes)) continue;
    for (const mount of service.volumes as unknown[]) {
      const source =
        typeof mount === 'string'
          ? mount.split(':')[0]!
          : isData(mount) && mount.type !== 'bind'
            ? String(mount.source)
            : '.';
      if (/^[a-z0-9][\w-]*$/.test(source)) declared[source] ??= {};
    }
  }
  if (Object.keys(declared).length > 0)
    stack.volumes = Object.fromEntries(
      Object.entries(declared).map(([key, volume]) => [
        key,
        isData(volume) && volume.external ? volume : { name: `${project}_${key}`, ...(volume as Data | null) },
      ]),
    );
}

/** The project name that Compose derives from the name of a folder. */
function toComposeProject(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
}

function toName(text: string): string {
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9_-]+/g, '-')
      .replace(/^[^a-z0-9]+/, '')
      .slice(0, 40) || 'stack'
  );
}

function without(data: Data, keys: string[]): Data {
  return Object.fromEntries(Object.entries(data).filter(([key]) => !keys.includes(key)));
}
