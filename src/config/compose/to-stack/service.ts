import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import type { z } from 'zod';
import { isCdiDevice } from '../../../model/names/cdi';
import { isData } from '../../read/overlay';
import type { Data } from '../canonical/values';
import type { service } from '../schema/service';
import { toDependencies, toDeploy, toResources } from './deploy';
import { toHealthCheck } from './health-check';
import { toHooks } from './hooks';
import { toMounts } from './mounts';
import { toNetworks } from './networks';
import type { Notes } from './notes';
import type { Part } from './part';
import type { Relations } from './relations';

type Key = keyof z.infer<typeof service>;

/**
 * What each key of Compose becomes. `same`: the key of the stack file with the same name and form. `with`: it is
 * converted together with others. Text: why it makes no difference. `refused`: what to do instead.
 */
type Row = 'same' | 'with' | { ignored: string } | { refused: string } | ((value: unknown, part: Part) => Data);

const windows = 'is for Windows, and makes no difference on Linux';

const rows: Record<Key, Row> = {
  annotations: 'same',
  attach: 'with',
  blkio_config: 'same',
  build: (build, part) => toBuild(build as Data, part),
  cap_add: 'same',
  cap_drop: 'same',
  cgroup: 'same',
  cgroup_parent: 'same',
  command: (command) => (command === null ? {} : { command }),
  configs: 'same',
  container_name: 'with',
  cpu_count: { ignored: windows },
  cpu_percent: { ignored: windows },
  cpu_period: 'same',
  cpu_quota: 'same',
  cpu_rt_period: 'same',
  cpu_rt_runtime: 'same',
  cpu_shares: 'same',
  cpus: 'with',
  cpuset: 'same',
  credential_spec: { ignored: windows },
  depends_on: 'with',
  deploy: 'with',
  develop: { ignored: 'is for `docker compose watch`, and makes no difference to a deployment' },
  device_cgroup_rules: 'same',
  devices: (devices) => ({ devices: (devices as Data[]).map(toDevice) }),
  dns: 'same',
  dns_opt: 'same',
  dns_search: 'same',
  domainname: 'same',
  entrypoint: (entrypoint) => (entrypoint === null ? {} : { entrypoint }),
  env_file: (files, part) => toEnvFiles(files as Data[], part),
  environment: (environment) => ({ environment: withoutNulls(environment as Data) }),
  expose: 'with',
  extends: 'with',
  external_links: { refused: 'links to a container of somebody else; let both join an external network' },
  extra_hosts: (hosts) => ({ extra_hosts: toHosts(hosts as Record<string, string[]>) }),
  gpus: 'same',
  group_add: 'same',
  healthcheck: 'with',
  hostname: 'same',
  image: 'same',
  init: 'same',
  ipc: 'same',
  isolation: { ignored: windows },
  label_file: 'with',
  labels: 'same',
  links: 'with',
  logging: 'same',
  mac_address: 'same',
  mem_limit: 'with',
  mem_reservation: 'with',
  mem_swappiness: 'same',
  memswap_limit: 'same',
  models: { refused: 'needs the models of Docker Desktop; run the model as a service' },
  network_mode: (mode, part) => toNetworkMode(String(mode), part),
  networks: 'with',
  oom_kill_disable: 'same',
  oom_score_adj: 'same',
  pid: (mode) => (mode === null ? {} : { pid: mode }),
  pids_limit: 'same',
  platform: 'same',
  ports: (ports) => ({ ports: (ports as Data[]).map(toPort) }),
  post_start: 'with',
  pre_start: 'with',
  pre_stop: 'with',
  privileged: 'same',
  profiles: 'with',
  provider: { refused: 'is a program of the machine that Compose runs on; deploy what it provides as a service' },
  pull_policy: (policy, part) => ({ pull_policy: toPullPolicy(String(policy), part) }),
  pull_refresh_after: 'with',
  read_only: 'same',
  restart: 'with',
  runtime: 'same',
  scale: 'with',
  secrets: 'same',
  security_opt: (options) => ({ security_opt: (options as string[]).map(withHome) }),
  shm_size: 'same',
  stdin_open: 'same',
  stop_grace_period: 'same',
  stop_signal: 'same',
  storage_opt: 'same',
  sysctls: 'same',
  tmpfs: 'with',
  tty: 'same',
  ulimits: 'same',
  use_api_socket: { refused: 'would pass your credentials on; mount /var/run/docker.sock if you mean that' },
  user: 'same',
  userns_mode: 'same',
  uts: 'same',
  volumes: 'with',
  volumes_from: 'with',
  working_dir: 'same',
};

/** A service of the stack file, with what Compose does by default written out. */
export function toService(name: string, service: Data, relations: Relations, notes: Notes): Data {
  const part: Part = { name, service, relations, notes };
  const isJob = relations.jobs.has(name);
  const converted: Data = {
    ...(isJob && { kind: 'job' }),
    ...Object.assign({}, ...Object.entries(service).map(([key, value]) => ofKey(key, value, part))),
    ...toDeploy(part),
    ...toResources(part),
    ...toDependencies(part),
    ...toHealthCheck(part),
    ...toNetworks(part),
    ...toMounts(part),
    ...toHooks(part),
  };
  return converted;
}

function ofKey(key: string, value: unknown, part: Part): Data {
  const row = Object.hasOwn(rows, key) ? rows[key as Key] : 'with';
  if (row === 'same') return { [key]: value };
  if (row === 'with') return {};
  if (typeof row === 'function') return row(value, part);
  if ('refused' in row) part.notes.refuse([key], row.refused);
  else part.notes.ignore([key], row.ignored);
  return {};
}

/** A name that the shell does not have sets nothing. */
function withoutNulls(environment: Data): Data {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== null));
}

/** `bridge` is Docker's own network, without names; the stack's default network does better. */
function toNetworkMode(mode: string, part: Part): Data {
  if (mode !== 'bridge' && mode !== 'default') return { network_mode: mode };
  part.notes.ignore(['network_mode'], `${mode}: it joins the default network of the stack instead`);
  return {};
}

/** A device of the Container Device Interface has only a name. */
function toDevice(device: Data): unknown {
  const { source, target } = device;
  return source === target && isCdiDevice(String(source)) ? source : device;
}

/** `~` in the path of a seccomp profile is the home folder of whoever calls. */
function withHome(option: string): string {
  return option.replace(/^(seccomp[=:])~/, (_, key: string) => key + homedir());
}

function toBuild(build: Data, { notes }: Part): Data {
  const { isolation, extra_hosts: hosts, ...rest } = build;
  if (isolation !== undefined) notes.ignore(['build', 'isolation'], windows);
  return { build: { ...rest, ...(isData(hosts) && { extra_hosts: toHosts(hosts as Record<string, string[]>) }) } };
}

/** A `refresh` without a time asks the registry at each deployment. */
function toPullPolicy(policy: string, { service }: Part): string {
  if (policy === 'if_not_present') return 'missing';
  if (policy !== 'refresh') return policy;
  return service.pull_refresh_after === undefined ? 'always' : `every_${String(service.pull_refresh_after)}`;
}

/** The client reads env files, as Compose does. */
function toEnvFiles(files: Data[], { notes }: Part): Data {
  for (const [index, { path, required }] of files.entries())
    if (required === false && !existsSync(String(path)))
      notes.ignore(['env_file', index], `${String(path)} does not exist, and is not required`);
  return { env_file: files.map((file) => ({ ...file, read_by: 'client' })) };
}

function toHosts(hosts: Record<string, string[]>): string[] {
  return Object.entries(hosts).flatMap(([host, addresses]) => addresses.map((address) => `${host}:${address}`));
}

/** Compose itself does nothing with `mode`, `name` and `app_protocol` either. */
function toPort({ target, published, host_ip: address, protocol }: Data): Data {
  return {
    target,
    ...(published !== undefined && published !== '' && published !== '0' && { published }),
    ...(address !== undefined && { host_ip: address }),
    ...(protocol !== 'tcp' && { protocol: String(protocol).toLowerCase() }),
  };
}
