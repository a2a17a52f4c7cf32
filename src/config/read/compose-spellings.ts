import type { Finding } from '../problems';
import { isData } from './overlay';
import { size, toBytes } from '../schema/values';

type Data = Record<string, unknown>;

/** Service keys of Compose that are not supported, each with its alternative. */
const unsupported: Record<string, string> = {
  container_name:
    'the engine names instances, so that two versions can run side by side; use the name of the service to reach it',
  links: 'services reach each other by service name; use a common network',
  profiles: 'all services of a stack are deployed; write an overlay per environment, or call the file compose.yaml',
  extends: 'use a YAML anchor (<<: *name), or an overlay per environment, or call the file compose.yaml',
};

const spelled: Record<string, string[]> = {
  health_check: ['healthcheck'],
  command: ['test'],
  resources: ['deploy', 'mem_limit', 'mem_reservation', 'cpus'],
  limit: ['resources'],
  replicas: ['deploy'],
  cidr: ['ipam'],
};

/** All spellings of a key in a file: ours, then those of Compose. */
export function spellings(key: string): string[] {
  return [key, ...(Object.hasOwn(spelled, key) ? spelled[key]! : [])];
}

/** Converts keys of Compose into ours; common keys stay as they are. */
export function fromComposeSpellings(data: unknown): { data: unknown; findings: Finding[] } {
  const findings: Finding[] = [];
  if (!isData(data)) return { data, findings };
  const result: Data = Object.fromEntries(Object.entries(data).filter(([key]) => !key.startsWith('x-')));
  if (isData(result.services)) {
    result.services = Object.fromEntries(
      Object.entries(result.services).map(([name, service]) => [
        name,
        isData(service) ? toService(service, ['services', name], findings) : service,
      ]),
    );
  }
  if (isData(result.networks)) result.networks = mapData(result.networks, toNetwork);
  if (isData(result.volumes)) result.volumes = mapData(result.volumes, toVolume);
  return { data: result, findings };
}

function mapData(data: Data, map: (item: Data, name: string) => Data): Data {
  return Object.fromEntries(Object.entries(data).map(([name, item]) => [name, isData(item) ? map(item, name) : item]));
}

function toService(service: Data, path: string[], findings: Finding[]): Data {
  const result: Data = {};
  for (const [key, value] of Object.entries(service)) {
    if (key.startsWith('x-')) continue;
    if (key === 'healthcheck') moveHealthCheck(result, value);
    else if (key === 'depends_on') result.depends_on = toDependencies(value, [...path, key], findings);
    else if (key === 'deploy') moveDeploy(result, value, [...path, key], findings);
    else if (key === 'mem_limit') addResource(result, 'limit', { memory: value });
    else if (key === 'mem_reservation') addResource(result, 'reserve', { memory: value });
    else if (key === 'cpus') addResource(result, 'limit', { cpus: value });
    else if (key === 'restart' && value === false) result.restart = 'no';
    else if (key === 'scale') result.replicas = value;
    else if (key === 'volumes' && Array.isArray(value)) moveTmpfs(result, value, [...path, key], findings);
    else if (key === 'expose' && !isExposure(value))
      findings.push({
        path: [...path, key],
        message:
          'all ports of a container are open within its networks; for access from outside ' +
          'write {port: 8080, host_port: 80} or {port: 8080, host: shop.example.com}',
      });
    else if (Object.hasOwn(unsupported, key)) findings.push({ path: [...path, key], message: unsupported[key]! });
    else if (key === 'tmpfs' && result.tmpfs !== undefined) result.tmpfs = [value, result.tmpfs].flat();
    else result[key] = value;
  }
  return result;
}

/** False for the form of Compose, a list of bare ports. */
function isExposure(value: unknown): boolean {
  return [value].flat().every(isData);
}

/** In Compose, the long form of a mount may be a tmpfs. */
function moveTmpfs(service: Data, mounts: unknown[], path: string[], findings: Finding[]): void {
  const isTmpfs = (mount: unknown): mount is Data => isData(mount) && mount.type === 'tmpfs';
  const moved = mounts.flatMap((mount, index) => (isTmpfs(mount) ? [toTmpfs(mount, [...path, index], findings)] : []));
  if (moved.length > 0) service.tmpfs = [service.tmpfs ?? [], moved].flat();
  if (moved.length < mounts.length) service.volumes = mounts.filter((mount) => !isTmpfs(mount));
}

/** `{type: tmpfs, target: /cache, read_only: true, tmpfs: {size: 64m}}` as `/cache:size=67108864,ro`. */
function toTmpfs(mount: Data, path: (string | number)[], findings: Finding[]): string {
  const { type: _, target, read_only: readOnly, consistency: _onlyOnMacs, tmpfs = {}, ...unknown } = mount;
  const { size: written, mode, ...more } = isData(tmpfs) ? tmpfs : { tmpfs };
  const unknownKeys = [...Object.keys(unknown).map((key) => [key]), ...Object.keys(more).map((key) => ['tmpfs', key])];
  const message = 'is not a key of a tmpfs; use size, mode and read_only';
  findings.push(...unknownKeys.map((key) => ({ path: [...path, ...key], message })));
  const options = [
    ...(written === undefined ? [] : [`size=${bytesOf(written)}`]),
    ...(mode === undefined ? [] : [`mode=${String(mode).replace(/^0o/, '')}`]),
    ...(isTrue(readOnly) ? ['ro'] : []),
  ];
  return options.length > 0 ? `${String(target)}:${options.join()}` : String(target);
}

/** Returns an invalid size as it is: the schema of a tmpfs rejects it. */
function bytesOf(written: unknown): string {
  const parsed = size.safeParse(written);
  return String(parsed.success ? toBytes(parsed.data) : written);
}

function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}

function moveHealthCheck(service: Data, value: unknown): void {
  if (!isData(value)) {
    service.health_check = value;
    return;
  }
  const { test, disable, start_interval: _adaptive, ...rest } = value;
  const isDisabled = isTrue(disable) || test === 'NONE' || (Array.isArray(test) && test[0] === 'NONE');
  if (isDisabled) service.health_check = { disable: true };
  else service.health_check = test === undefined ? rest : { ...rest, command: toCommand(test) };
}

function toCommand(test: unknown): unknown {
  if (!Array.isArray(test)) return test;
  if (test[0] === 'CMD') return test.slice(1);
  return test[0] === 'CMD-SHELL' ? test[1] : test;
}

function toDependencies(value: unknown, path: string[], findings: Finding[]): unknown {
  if (!isData(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => {
      if (isData(entry) && entry.required === false)
        findings.push({
          path: [...path, name, 'required'],
          message: 'all dependencies of a stack are deployed; remove the dependency, or required',
        });
      const { condition: given, restart } = isData(entry) ? entry : { condition: entry };
      const condition =
        typeof given === 'string'
          ? given.replace(/^service_/, '').replace('completed_successfully', 'completed')
          : (given ?? 'started');
      return [name, restart === undefined ? condition : { condition, restart }];
    }),
  );
}

function moveDeploy(service: Data, value: unknown, path: string[], findings: Finding[]): void {
  if (!isData(value)) return;
  for (const [key, item] of Object.entries(value)) {
    if (key === 'replicas') service.replicas = item;
    else if (key === 'labels') service.labels ??= item;
    else if (key === 'resources' && isData(item)) {
      addResource(service, 'limit', item.limits);
      addResource(service, 'reserve', item.reservations);
    } else if (key === 'restart_policy' && isData(item)) service.restart ??= toRestart(item);
    else
      findings.push({
        path: [...path, key],
        message: 'is not supported; use replicas, resources, restart or strategy of the service',
      });
  }
}

function toRestart(policy: Data): unknown {
  if (policy.condition === 'none') return 'no';
  if (policy.condition === 'on-failure')
    return policy.max_attempts === undefined ? 'on-failure' : `on-failure:${String(policy.max_attempts)}`;
  return 'unless-stopped';
}

function addResource(service: Data, kind: 'limit' | 'reserve', amounts: unknown): void {
  if (!isData(amounts)) return;
  const resources = isData(service.resources) ? service.resources : {};
  const before = isData(resources[kind]) ? resources[kind] : {};
  service.resources = { ...resources, [kind]: { ...before, ...amounts } };
}

/** A single subnet is a `cidr`; everything else stays under `ipam`. */
function toNetwork({ ipam, driver, ...rest }: Data): Data {
  const network: Data = driver === undefined || driver === 'bridge' ? rest : { ...rest, driver };
  if (!isData(ipam)) return ipam === undefined ? network : { ...network, ipam };
  const { driver: manager = 'default', config, ...more } = ipam;
  const pools = [config ?? []].flat() as unknown[];
  const [first] = pools;
  const isSubnet = isData(first) && Object.keys(first).every((key) => key === 'subnet');
  if (manager !== 'default' || Object.keys(more).length > 0 || pools.length > 1 || (pools.length === 1 && !isSubnet))
    return { ...network, ipam };
  return isSubnet ? { ...network, cidr: first.subnet } : network;
}

function toVolume({ driver, ...rest }: Data): Data {
  return driver === undefined || driver === 'local' ? rest : { ...rest, driver };
}
