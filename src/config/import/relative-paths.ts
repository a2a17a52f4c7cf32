import { relative, sep } from 'node:path';
import type { Data } from '../compose/canonical/values';
import { isData } from '../read/overlay';

/** A stack file whose paths below its folder are relative, so that the folder can move. */
export function withRelativePaths(data: Data, folder: string): Data {
  const path = (value: unknown): unknown => {
    if (typeof value !== 'string' || !value.startsWith(sep)) return value;
    const below = relative(folder, value);
    if (below === '..' || below.startsWith(`..${sep}`)) return value;
    return below === '' ? '.' : `./${below}`;
  };
  const withFile = (item: unknown) =>
    isData(item) && item.file !== undefined ? { ...item, file: path(item.file) } : item;
  return {
    ...data,
    ...changed(data, 'configs', (configs) => mapped(configs, withFile)),
    ...changed(data, 'secrets', (secrets) => mapped(secrets, withFile)),
    ...changed(data, 'services', (services) => mapped(services, (service) => ofService(service, path))),
  };
}

function ofService(service: unknown, path: (value: unknown) => unknown): unknown {
  if (!isData(service)) return service;
  const mount = (item: unknown) =>
    isData(item) && item.type === 'bind' ? { ...item, source: path(item.source) } : item;
  const file = (item: unknown) => (isData(item) ? { ...item, path: path(item.path) } : item);
  return {
    ...service,
    ...changed(service, 'build', (build) => (isData(build) ? { ...build, context: path(build.context) } : build)),
    ...changed(service, 'volumes', (mounts) => (Array.isArray(mounts) ? mounts.map(mount) : mounts)),
    ...changed(service, 'env_file', (files) => (Array.isArray(files) ? files.map(file) : files)),
  };
}

function changed(data: Data, key: string, change: (value: unknown) => unknown): Data {
  return data[key] === undefined ? {} : { [key]: change(data[key]) };
}

function mapped(value: unknown, map: (item: unknown) => unknown): unknown {
  return isData(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, map(item)])) : value;
}
