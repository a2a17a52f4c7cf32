import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, posix, resolve } from 'node:path';
import { isRemoteContext } from '../image-build';
import { isData } from '../read/overlay';
import { mapValues, type Data } from './canonical/values';

/** The model with every relative path made absolute, from the folder that its files are in. */
export function withAbsolutePaths(model: Data, folder: string): Data {
  const path = (value: unknown): unknown =>
    typeof value === 'string' && value !== '' ? absolute(value, folder) : value;
  const change = (key: string, map: (item: unknown) => unknown) =>
    isData(model[key]) ? { [key]: mapValues(model[key], map) } : {};
  const withFile = (item: unknown) =>
    isData(item) && item.file !== undefined ? { ...item, file: path(item.file) } : item;
  return {
    ...model,
    ...change('services', (service) => (isData(service) ? ofService(service, path, folder) : service)),
    ...change('secrets', withFile),
    ...change('configs', withFile),
    ...change('volumes', (volume) => (isData(volume) ? ofVolume(volume, path) : volume)),
  };
}

type ToPath = (value: unknown) => unknown;

function ofService(service: Data, path: ToPath, folder: string): Data {
  const { build, env_file: envFiles, label_file: labelFiles, volumes, develop } = service;
  return {
    ...service,
    ...(isData(build) && { build: ofBuild(build, path) }),
    ...(Array.isArray(envFiles) && { env_file: envFiles.map((item: Data) => ({ ...item, path: path(item.path) })) }),
    ...(Array.isArray(labelFiles) && { label_file: labelFiles.map(path) }),
    ...(Array.isArray(volumes) && {
      volumes: volumes.map((mount: Data) => (mount.type === 'bind' ? { ...mount, source: path(mount.source) } : mount)),
    }),
    ...(isData(develop) &&
      Array.isArray(develop.watch) && {
        develop: {
          ...develop,
          watch: develop.watch.map((item: Data) => ({ ...item, path: resolve(folder, String(item.path)) })),
        },
      }),
  };
}

function ofBuild(build: Data, path: ToPath): Data {
  const context = (value: unknown) => (isRemoteContext(String(value)) ? value : path(value));
  return {
    ...build,
    ...(build.context !== undefined && { context: context(build.context) }),
    ...(isData(build.additional_contexts) && { additional_contexts: mapValues(build.additional_contexts, context) }),
    ...(isData(build.ssh) && { ssh: mapValues(build.ssh, path) }),
  };
}

/** Why a file that is included or extended cannot be read; undefined if it can. */
export function unreadable(file: string): string | undefined {
  if (isRemoteFile(file)) return `${file} is not a local file; download it, and name the local file`;
  return existsSync(file) ? undefined : `${file} does not exist; check the path`;
}

/** An absolute path, or the address of a file elsewhere as it is. */
export function toFile(file: string, folder: string): string {
  return isRemoteFile(file) ? file : resolve(folder, file);
}

function isRemoteFile(file: string): boolean {
  return /^(?:https?|ssh|git|oci):\/\/|^git@|^github\.com\//.test(file);
}

/** A local volume may be a bind mount with a path. */
function ofVolume(volume: Data, path: ToPath): Data {
  const { driver, driver_opts: options } = volume;
  if (driver !== 'local' || !isData(options) || options.o !== 'bind' || options.device === undefined) return volume;
  return { ...volume, driver_opts: { ...options, device: path(options.device) } };
}

/** `~` is the home folder of whoever calls. Paths of Windows stay as they are. */
function absolute(path: string, folder: string): string {
  const expanded = path.startsWith('~') ? join(homedir(), path.slice(1)) : path;
  if (/^[A-Za-z]:[\\/]|^\\\\/.test(expanded) || posix.isAbsolute(expanded)) return expanded;
  return resolve(folder, expanded);
}
