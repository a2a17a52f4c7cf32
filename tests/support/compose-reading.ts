import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { loadProject } from '../../src/config/compose/load';
import { removedVariables } from '../../src/config/compose/project';
import { readEnvFiles } from '../../src/config/env-files';
import { givenVariables } from '../../src/config/given-variables';
import type { Problem } from '../../src/config/problems';
import { StackFileError } from '../../src/config/problems';
import { reveal } from '../../src/model/text/marks';
import { toBytes } from '../../src/config/schema/values';

type Data = Record<string, unknown>;

/** A folder of the corpus, or of cases of the same form. */
export interface ComposeCase {
  name: string;
  folder: string;
  files: string[];
  env: Record<string, string>;
  profiles?: string[];
}

export function casesIn(folder: string): ComposeCase[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => {
      const at = join(folder, name);
      const own = existsSync(join(at, 'case.json'))
        ? (JSON.parse(readFileSync(join(at, 'case.json'), 'utf8')) as Partial<ComposeCase>)
        : {};
      return {
        name,
        folder: at,
        files: (own.files ?? ['compose.yaml']).map((file) => join(at, file)),
        env: own.env ?? { GREETING: 'hello', FROM_SHELL: 'from-shell' },
        ...(own.profiles && { profiles: own.profiles }),
      };
    });
}

/** What we read of a case, in the form of {@link comparable}; or the problems. */
export function readingOf({ folder, files, env, profiles }: ComposeCase): { project?: Data; problems: Problem[] } {
  try {
    const { project, loading, findings } = loadProject({ files, folder, variables: env, profiles });
    const { name, networks, volumes, secrets, environment } = project;
    const { services, findings: ofFiles } = withEnvFiles(project.services, folder, environment);
    const problems = [
      ...loading.problems,
      ...[...findings, ...ofFiles].map(({ path, message }) => ({ path: path.join('.'), message })),
    ];
    if (problems.length > 0) return { problems };
    const configs = withoutContents(project.configs);
    return {
      project: placeless({ name, services, networks, volumes, secrets, configs }, folder) as Data,
      problems: [],
    };
  } catch (error) {
    if (error instanceof StackFileError) return { problems: error.problems };
    throw error;
  }
}

/** compose-go does not print what a config takes from a variable. */
function withoutContents(configs: Record<string, Data>): Record<string, Data> {
  return Object.fromEntries(
    Object.entries(configs).map(([key, { content, ...config }]) => [
      key,
      config.environment === undefined && content !== undefined ? { ...config, content } : config,
    ]),
  );
}

/** Compose puts the variables of env files into `environment`. */
function withEnvFiles(services: Record<string, Data>, folder: string, outer: Record<string, string>) {
  const asked = Object.entries(services).map(([key, { env_file: files, environment }]) => {
    const entries = (files as Data[] | undefined)?.map((file) => ({ ...file, read_by: 'client' }));
    const own = Object.entries((environment ?? {}) as Data).filter(([, value]) => value !== null);
    return [key, { env_file: entries, environment: Object.fromEntries(own) }];
  });
  const removed = removedVariables({ services });
  const given = givenVariables({ shell: {} });
  const { values, findings } = readEnvFiles({ services: Object.fromEntries(asked) }, { folder, outer, given, removed });
  const filled = Object.entries(services).map(([key, service]) => [
    key,
    values[key]
      ? { ...service, environment: { ...values[key], ...(service.environment as Data | undefined) } }
      : service,
  ]);
  return { services: Object.fromEntries(filled) as Record<string, Data>, findings };
}

/** Absolute paths of this machine as the corpus has them. */
function placeless(value: unknown, folder: string): unknown {
  const text = reveal(JSON.stringify(value))
    .replaceAll(folder, '<dir>')
    .replaceAll(join(folder, '..'), '<dir>/..')
    .replace(new RegExp(`"${homedir()}(?=[/"])`, 'g'), '"<home>');
  return JSON.parse(text);
}

const durations = new Set([
  'interval',
  'timeout',
  'start_period',
  'start_interval',
  'stop_grace_period',
  'delay',
  'monitor',
  'window',
]);
const sizes = new Set([
  'Rate',
  'mem_limit',
  'mem_reservation',
  'memswap_limit',
  'mem_swappiness',
  'shm_size',
  'memory',
  'size',
  'rate',
]);
const numbers = new Set([
  'cpus',
  'cpu_count',
  'cpu_percent',
  'cpu_period',
  'cpu_quota',
  'cpu_shares',
  'cpu_rt_period',
  'cpu_rt_runtime',
  'pids_limit',
  'pids',
  'retries',
  'priority',
  'gw_priority',
  'max_failure_ratio',
  'parallelism',
  'published',
]);
/** Maps of the user's own names to texts: null and empty mean something there. */
const texts = new Set([
  'environment',
  'labels',
  'annotations',
  'sysctls',
  'args',
  'driver_opts',
  'options',
  'storage_opt',
]);
/** Null and an empty map mean the same under these. */
const named = new Set(['networks', 'volumes', 'secrets', 'configs', 'models', 'services']);

/** A project in a form where equal means equal in effect: units are numbers, and what is not set is left out. */
export function comparable(value: unknown, key = '', parent = ''): unknown {
  if (key === 'extra_hosts' || key === 'ssh') return pairs(value);
  if (key === 'expose') return (value as unknown[]).map(String);
  if (key === 'count' && value === 'all') return -1;
  if (Array.isArray(value)) {
    const items = value.map((item) => comparable(item, '[]', key));
    return unordered.has(key) ? items.map((item) => JSON.stringify(item)).sort() : items;
  }
  if (typeof value === 'object' && value !== null) {
    if (texts.has(key) && parent !== 'ulimits') return textsOf(value as Data);
    return Object.fromEntries(
      Object.entries(value)
        .filter(([name]) => (named.has(key) || !name.startsWith('x-')) && !left.has(name))
        .map(([name, item]) => [quirks[name] ?? name, comparable(item, name, key)] as const)
        .filter(([name, item]) => named.has(key) || !isUnset(name, item))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }
  if (named.has(parent) && value === null) return {};
  if (durations.has(key)) return toDuration(String(value));
  if (sizes.has(key)) return toSize(value);
  if (numbers.has(key) && /^-?[\d.]+$/.test(String(value))) return Number(value);
  if (key === 'mode' && parent !== 'deploy' && /^\d+$/.test(String(value))) return toMode(value);
  return value;
}

/** Keys that compose-go merges into others, or does not print. */
const left = new Set(['label_file', 'models', 'pull_refresh_after']);

/** Keys that compose-go prints otherwise than it reads them. */
const quirks: Record<string, string> = { Path: 'path', Rate: 'rate', Weight: 'weight' };

const unordered = new Set(['ports', 'config']);

/** A map to one text or several, as a sorted list. */
function pairs(value: unknown): unknown {
  if (Array.isArray(value)) return [...(value as string[])].sort();
  return Object.entries((value ?? {}) as Data)
    .flatMap(([name, items]) => [items].flat().map((item) => (item === null ? name : `${name}=${String(item)}`)))
    .sort();
}

function textsOf(value: Data): Data {
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, item]) => [name, item === null ? null : String(item)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

function isUnset(name: string, value: unknown): boolean {
  if (value === null || value === undefined || value === false || value === '' || value === 0) return true;
  if ((name === 'required' || name === 'create_host_path') && value === true) return true;
  if (name === 'command' || name === 'entrypoint') return false;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

const unitMs: Record<string, number> = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

function toDuration(text: string): number | string {
  const parts = [...text.matchAll(/([\d.]+)(ms|us|µs|ns|[wdhms])/g)];
  if (parts.length === 0) return Number(text);
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitMs[unit!] ?? 0.001), 0);
}

function toSize(value: unknown): unknown {
  const text = String(value);
  if (/^-?\d+$/.test(text)) return Number(text);
  return /^[\d.]+\s*[kmgtp]?i?b?$/i.test(text) ? toBytes(text) : value;
}

function toMode(value: unknown): string {
  return typeof value === 'number' ? `0${value.toString(8)}` : `0${String(value).replace(/^0+/, '')}`;
}

/** A value with a JSON merge patch (RFC 7396) applied. */
export function patched(value: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Data = { ...(value as Data | undefined) };
  for (const [key, item] of Object.entries(patch)) {
    if (item === null) delete result[key];
    else result[key] = patched(result[key], item);
  }
  return result;
}
