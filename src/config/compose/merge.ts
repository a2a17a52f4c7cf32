import { isData } from '../read/overlay';
import type { Data } from './canonical/values';

type Path = readonly string[];

/**
 * Merges Compose data in its canonical form by the rules of Compose: maps are merged, lists appended, other values
 * replaced; entries of a list that mean the same thing (a variable, a port, the target of a mount) replace each other.
 */
export function merge(base: unknown, over: unknown, path: Path = []): unknown {
  if (isAt(path, replaced)) return over;
  if (over === null || over === undefined) return base;
  if (base === null || base === undefined) return over;
  if (isData(base) && isData(over)) return mergeMaps(base, over, path);
  if (Array.isArray(base) && Array.isArray(over)) return mergeLists(base, over, path);
  return over;
}

/** Keeps one of the entries of each list that mean the same thing: the last one, at the place of the first. */
export function unique(value: unknown, path: Path = []): unknown {
  if (isData(value))
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, unique(item, [...path, key])]));
  return Array.isArray(value) ? distinct(value, path) : value;
}

/** Patterns of paths: `*` stands for any key. */
const replaced = ['command', 'entrypoint', 'healthcheck.test', 'ulimits.*', 'environment.*', 'build.args.*'].map(
  (key) => `services.*.${key}`,
);

function mergeMaps(base: Data, over: Data, path: Path): Data {
  if (isAt(path, ['services.*.logging']) && hasOtherDriver(base, over)) return over;
  if (isAt(path, ['services.*.extra_hosts', 'services.*.build.extra_hosts'])) return mergeHosts(base, over);
  const merged: Data = { ...base };
  for (const [key, value] of Object.entries(over))
    merged[key] = Object.hasOwn(base, key) ? merge(base[key], value, [...path, key]) : value;
  return merged;
}

/** The options of one driver mean nothing to another. */
function hasOtherDriver(base: Data, over: Data): boolean {
  return over.driver !== undefined && base.driver !== undefined && base.driver !== over.driver;
}

/** A host may have several addresses. */
function mergeHosts(base: Data, over: Data): Data {
  const addresses = (data: Data, host: string) => (Object.hasOwn(data, host) ? (data[host] as string[]) : []);
  return Object.fromEntries(
    [...new Set([...Object.keys(base), ...Object.keys(over)])].map((host) => [
      host,
      [...new Set([...addresses(base, host), ...addresses(over, host)])],
    ]),
  );
}

function mergeLists(base: unknown[], over: unknown[], path: Path): unknown[] {
  return isAt(path, ['networks.*.ipam.config']) ? mergePools(base, over) : distinct([...base, ...over], path);
}

/** Pools with one subnet are merged. */
function mergePools(base: unknown[], over: unknown[]): unknown[] {
  const pools = [...base, ...over].filter(isData);
  return [...new Set(pools.map(({ subnet }) => subnet))].map((subnet) =>
    Object.assign({}, ...pools.filter((pool) => pool.subnet === subnet)),
  );
}

function distinct(list: unknown[], path: Path): unknown[] {
  const rule = Object.entries(identities).find(([pattern]) => isAt(path, [pattern]));
  if (!rule) return list;
  const found = new Map<string, unknown>();
  for (const item of list) found.set(rule[1](item), item);
  return [...found.values()];
}

const upToEquals = (item: unknown): string => String(item).split('=')[0]!;
const byTarget = (item: unknown): string => (isData(item) ? String(item.target) : String(item));
const byTargetBelow =
  (folder: string) =>
  (item: unknown): string =>
    isData(item) ? String(item.target ?? `${folder}/${String(item.source)}`) : String(item);

function byBinding(item: unknown): string {
  if (!isData(item)) return String(item);
  const { host_ip: address = '', published, target, protocol = 'tcp' } = item;
  return [address, published, target, protocol].map(String).join(' ');
}

const identities: Record<string, (item: unknown) => string> = {
  'services.*.cap_add': upToEquals,
  'services.*.cap_drop': upToEquals,
  'services.*.dns': upToEquals,
  'services.*.dns_opt': upToEquals,
  'services.*.dns_search': upToEquals,
  'services.*.links': upToEquals,
  'services.*.device_cgroup_rules': String,
  'services.*.external_links': String,
  'services.*.group_add': String,
  'services.*.security_opt': String,
  'services.*.volumes_from': String,
  'services.*.profiles': upToEquals,
  'services.*.tmpfs': upToEquals,
  'services.*.build.tags': upToEquals,
  'services.*.networks.*.aliases': upToEquals,
  'services.*.networks.*.link_local_ips': upToEquals,
  'services.*.expose': String,
  'services.*.env_file': (item) => (isData(item) ? String(item.path) : String(item)),
  'services.*.ports': byBinding,
  'services.*.volumes': byTarget,
  'services.*.devices': byTarget,
  'services.*.configs': byTargetBelow(''),
  'services.*.secrets': byTargetBelow('/run/secrets'),
};

const parsed = new Map<string, string[]>();

function isAt(path: Path, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const parts = parsed.get(pattern) ?? pattern.split('.');
    parsed.set(pattern, parts);
    return parts.length === path.length && parts.every((part, index) => part === '*' || part === path[index]);
  });
}
