import type { Finding } from '../problems';
import { isData } from './overlay';
import { size, toBytes } from '../schema/values';

type Data = Record<string, unknown>;

const notPassed = 'this version does not pass it on to the runtime';

/** Compose's keys of a service that have no place here, each with what to do instead. */
const elsewhere: Record<string, string> = {
  build: 'images are built before a deployment: let CI build and push one, and name it with image',
  container_name:
    'the engine names instances, so that two versions can exist side by side; others reach the service by its name',
  hostname: 'others reach the service by its name; more names go under networks as aliases',
  links: 'others are reached by their names on a common network',
  profiles: 'every service of a stack is deployed; write an overlay per environment',
  extends: 'use a YAML anchor (<<: *name), or an overlay per environment',
  tty: 'deployments have no terminal',
  stdin_open: 'deployments have no terminal',
  privileged: 'no instance gets the whole host; name what it needs with cap_add',
  network_mode: 'infrastructure.network.mode: Host is for the whole stack; else join networks by name',
  platform: "images are pulled for the engine's own platform",
  devices: notPassed,
  dns: notPassed,
  ipc: notPassed,
  pid: notPassed,
  security_opt: notPassed,
  sysctls: notPassed,
  ulimits: notPassed,
};

const spelled: Record<string, string[]> = {
  health_check: ['healthcheck'],
  command: ['test'],
  resources: ['deploy', 'mem_limit', 'mem_reservation', 'cpus'],
  limit: ['resources'],
  replicas: ['deploy'],
  cidr: ['ipam'],
};

/** The keys that may stand in a file for one of ours. */
export function spellings(key: string): string[] {
  return [key, ...(Object.hasOwn(spelled, key) ? spelled[key]! : [])];
}

/** Turns compose's spellings into ours; what both understand stays as it is. */
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
  if (isData(result.networks))
    result.networks = mapData(result.networks, (network, name) => toNetwork(network, ['networks', name], findings));
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
          'every port of a container can be reached from its networks; for a way in from outside ' +
          'write {port: 8080, host_port: 80} or {port: 8080, host: shop.example.com}',
      });
    else if (Object.hasOwn(elsewhere, key)) findings.push({ path: [...path, key], message: elsewhere[key]! });
    else if (key === 'tmpfs' && result.tmpfs !== undefined) result.tmpfs = [value, result.tmpfs].flat();
    else result[key] = value;
  }
  return result;
}

/** Compose's form is a list of bare ports. */
function isExposure(value: unknown): boolean {
  return [value].flat().every(isData);
}

/** Compose's long form of a mount may be a tmpfs. */
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
  const left = [...Object.keys(unknown).map((key) => [key]), ...Object.keys(more).map((key) => ['tmpfs', key])];
  const message = 'is not a key of a tmpfs; size, mode and read_only are';
  findings.push(...left.map((key) => ({ path: [...path, ...key], message })));
  const options = [
    ...(written === undefined ? [] : [`size=${bytesOf(written)}`]),
    ...(mode === undefined ? [] : [`mode=${String(mode).replace(/^0o/, '')}`]),
    ...(isTrue(readOnly) ? ['ro'] : []),
  ];
  return options.length > 0 ? `${String(target)}:${options.join()}` : String(target);
}

/** What is no size is left for the grammar of a tmpfs to refuse. */
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
          message: 'every dependency of a stack is deployed; remove the dependency, or required',
        });
      if (isData(entry) && entry.restart === true)
        findings.push({
          path: [...path, name, 'restart'],
          message: 'dependants keep running when what they depend on is replaced; remove restart',
        });
      const condition = isData(entry) ? entry.condition : entry;
      return [
        name,
        typeof condition === 'string'
          ? condition.replace(/^service_/, '').replace('completed_successfully', 'completed')
          : (condition ?? 'started'),
      ];
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
        message: 'has no meaning here; services take replicas, resources, restart and strategy',
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

function toNetwork(network: Data, path: string[], findings: Finding[]): Data {
  const { ipam, driver, ...rest } = network;
  const result: Data = driver === undefined || driver === 'bridge' ? rest : { ...rest, driver };
  const subnet = isData(ipam) ? toSubnet(ipam, [...path, 'ipam'], findings) : undefined;
  return subnet === undefined ? result : { ...result, cidr: subnet };
}

/** The one thing of `ipam` that has a place here. Docker chooses the gateway: the first address of the subnet. */
function toSubnet({ driver, config, ...more }: Data, path: string[], findings: Finding[]): unknown {
  const message =
    'is not passed on to Docker; of ipam, the first subnet is. Leave it ' +
    'out, or make the network yourself and say external: true';
  const refuse = (...key: (string | number)[]) => void findings.push({ path: [...path, ...key], message });
  if (driver !== undefined && driver !== 'default') refuse('driver');
  for (const key of Object.keys(more)) refuse(key);
  const [first, ...others] = [config ?? []].flat() as unknown[];
  others.forEach((_, index) => refuse('config', index + 1));
  if (!isData(first)) return undefined;
  for (const key of Object.keys(first)) if (key !== 'subnet') refuse('config', 0, key);
  return first.subnet;
}

function toVolume({ driver, ...rest }: Data): Data {
  return driver === undefined || driver === 'local' ? rest : { ...rest, driver };
}
