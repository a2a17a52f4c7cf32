import { dirname, resolve } from 'node:path';
import { isData } from '../read/overlay';
import { list, mapValues, type Data } from './canonical/values';
import type { Environment } from './environment';
import { withExtended } from './extends';
import { cleared, extensionKey, type ComposeDocument, type Loading, type Scope } from './loading';
import { merge, unique } from './merge';
import { toFile, unreadable, withAbsolutePaths } from './paths';

/**
 * Merges files into one model: each document with what it includes and extends, later ones over earlier ones. All paths
 * are absolute.
 * @param including files that led here; including one of them again would never end
 */
export function loadModel(
  files: readonly string[],
  scope: Scope,
  loading: Loading,
  including: readonly string[] = [],
): Data {
  let model: Data = {};
  for (const file of files)
    for (const document of loading.read(file, scope, file !== files[0])) {
      const own = withExtended(withIncluded(document, scope, loading, [...including, file]), document, scope, loading);
      model = unique(merge(cleared(model, document), own)) as Data;
    }
  return withAbsolutePaths(withOwnDefaults(model, scope.environment, loading), scope.folder);
}

/** What depends on the folder and the variables of these very files, not of those that include them. */
function withOwnDefaults(model: Data, environment: Environment, loading: Loading): Data {
  const filled = (value: Data) =>
    mapValues(value, (item, name) => (item === null ? loading.take(name, environment) : item));
  return {
    ...model,
    services: mapValues(model.services, (written) => {
      if (!isData(written)) return written;
      const service = withoutEmptyTexts(written);
      const { build, environment: own } = service;
      return {
        ...service,
        ...(isData(build) && { build: { context: '.', ...build } }),
        ...(isData(own) && { environment: filled(own) }),
      };
    }),
  };
}

/** Keys of a service whose empty text means that they are not set, as in `user: ${USER_ID:-}`. */
const unsetIfEmpty = new Set(
  (
    'cgroup cgroup_parent cpuset domainname hostname ipc isolation mac_address network_mode pid platform restart ' +
    'runtime stop_signal user userns_mode uts working_dir'
  ).split(' '),
);

function withoutEmptyTexts({ logging, tmpfs, ...service }: Data): Data {
  const isSet = (value: unknown) => value !== '';
  return {
    ...Object.fromEntries(Object.entries(service).filter(([key, value]) => isSet(value) || !unsetIfEmpty.has(key))),
    ...(isData(logging) && logging.driver === ''
      ? { logging: Object.fromEntries(Object.entries(logging).filter(([key]) => key !== 'driver')) }
      : logging !== undefined && { logging }),
    ...(Array.isArray(tmpfs) ? tmpfs.some(isSet) && { tmpfs: tmpfs.filter(isSet) } : tmpfs !== undefined && { tmpfs }),
  };
}

const resources = ['services', 'networks', 'volumes', 'secrets', 'configs', 'models', extensionKey];

/** The document over the files of its `include`. */
function withIncluded(document: ComposeDocument, scope: Scope, loading: Loading, including: readonly string[]): Data {
  const { include, ...own } = document.data;
  let data: Data = own;
  for (const [index, entry] of list(include ?? []).entries()) {
    const at = ['include', index];
    const included = toIncluded(entry, scope.folder);
    const again = included.files.find((file) => including.includes(file));
    if (again !== undefined) {
      loading.refuse(document.source, at, `${again} is included again by a file that it includes; remove one of them`);
      continue;
    }
    const [problem] = included.files.flatMap((file) => unreadable(file) ?? []);
    if (problem !== undefined) {
      loading.refuse(document.source, at, problem);
      continue;
    }
    const environment = loading.environmentOf(scope.environment, included.folder, { files: included.envFiles });
    const model = loadModel(included.files, { environment, folder: included.folder }, loading, including);
    data = importInto(data, model, document);
  }
  return data;
}

interface Included {
  files: string[];
  folder: string;
  envFiles?: string[];
}

function toIncluded(entry: unknown, folder: string): Included {
  const { path, env_file: envFiles, project_directory: own } = isData(entry) ? entry : { path: entry };
  const files = list(path).map((file) => toFile(String(file), folder));
  return {
    files,
    folder: own === undefined ? dirname(files[0]!) : resolve(folder, String(own)),
    ...(envFiles !== undefined && {
      envFiles: list(envFiles)
        .map((file) => resolve(folder, String(file)))
        .filter((file) => file !== '/dev/null'),
    }),
  };
}

/** Of what both have, that of the including document wins. */
function importInto(own: Data, model: Data, document: ComposeDocument): Data {
  return { ...own, ...(merge(cleared(only(model, resources), document), only(own, resources)) as Data) };
}

function only(data: Data, keys: readonly string[]): Data {
  return Object.fromEntries(Object.entries(data).filter(([key]) => keys.includes(key)));
}
