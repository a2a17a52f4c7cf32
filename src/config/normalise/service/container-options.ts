import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { EveryOption } from '../../../model/container-options';
import type { Service } from '../../../model/stack';
import type { BlkioLimits, Device, DeviceRequest, ResourceAmounts, RestartPolicy } from '../../../model/instance';
import { mapValues } from '../../../model/map-values';
import { isCdiDevice } from '../../../model/names/cdi';
import type { ServiceInput } from '../../schema/service';
import { toBytes, toMs } from '../../schema/values';
import { toAmounts } from './amounts';
import { toHealth } from './health-check';
import { toSecret } from './mounted-files';
import { toSecurityOptions } from './security-options';
import type { ServiceContext } from './context';
import { hasControlCharacter, Malformed, toAssignments, toWords } from '../words';

/** The container options of a service, with short forms expanded and defaults filled in. */
export function toContainerOptions(input: ServiceInput, context: ServiceContext): EveryOption {
  const { attempt, baseDir, runtime, secrets } = context;
  const { healthCheck, healthDisabled } = attempt(
    ['health_check'],
    () => toHealth(input.health_check, context.healthCheckIntervalMs),
    {},
  );
  return {
    entrypoint:
      input.entrypoint === undefined ? undefined : attempt(['entrypoint'], () => toWords(input.entrypoint!), []),
    command: input.command === undefined ? undefined : attempt(['command'], () => toWords(input.command!), []),
    workingDir: runtime === 'process' ? resolve(baseDir, input.working_dir ?? '.') : input.working_dir,
    user: input.user === undefined ? undefined : String(input.user),
    variables: attempt(['environment'], () => toVariables(input.environment), {}),
    envFiles: attempt(['env_file'], () => toEnvFiles(input.env_file, baseDir), []),
    secrets: (input.secrets ?? []).flatMap((secret, index) =>
      attempt(['secrets', index], () => [toSecret(secret, secrets)], []),
    ),
    ...toResources(input.resources),
    restart: (input.restart as RestartPolicy | undefined) ?? (input.kind === 'job' ? 'no' : 'unless-stopped'),
    stopSignal: input.stop_signal,
    stopGraceMs: toMs(input.stop_grace_period ?? 10),
    labels: attempt(['labels'], () => toAssignments(input.labels), {}),
    logging: input.logging && { driver: input.logging.driver, options: toAssignments(input.logging.options) },
    init: input.init ?? false,
    shmSize: input.shm_size === undefined ? undefined : toBytes(input.shm_size),
    tmpfs: toList(input.tmpfs),
    capAdd: input.cap_add ?? [],
    capDrop: input.cap_drop ?? [],
    readOnly: input.read_only ?? false,
    extraHosts: attempt(['extra_hosts'], () => toHosts(input.extra_hosts), []),
    healthCheck,
    healthDisabled,
    hostname: input.hostname,
    privileged: input.privileged,
    devices: input.devices?.map(toDevice),
    deviceCgroupRules: input.device_cgroup_rules,
    securityOpt: toSecurityOptions(input.security_opt, context),
    ulimits: input.ulimits && mapValues(input.ulimits, toUlimit),
    sysctls: input.sysctls && attempt(['sysctls'], () => toAssignments(input.sysctls), {}),
    dns: input.dns === undefined ? undefined : toList(input.dns),
    dnsSearch: input.dns_search === undefined ? undefined : toList(input.dns_search),
    dnsOptions: input.dns_opt,
    ipc: input.ipc as Service['ipc'],
    pid: input.pid as Service['pid'],
    uts: input.uts,
    userns: input.userns_mode,
    cgroup: input.cgroup,
    cgroupParent: input.cgroup_parent,
    groupAdd: input.group_add?.map(String),
    tty: input.tty,
    stdinOpen: input.stdin_open,
    ociRuntime: input.runtime,
    pidsLimit: input.pids_limit,
    oomScoreAdj: input.oom_score_adj,
    oomKillDisable: input.oom_kill_disable,
    memswapLimit: input.memswap_limit === undefined ? undefined : toBytes(input.memswap_limit),
    memSwappiness: input.mem_swappiness,
    cpuShares: input.cpu_shares,
    cpuQuota: input.cpu_quota,
    cpuPeriod: input.cpu_period,
    cpuset: input.cpuset,
    cpuRtPeriod: input.cpu_rt_period,
    cpuRtRuntime: input.cpu_rt_runtime,
    blkio: input.blkio_config && toBlkio(input.blkio_config),
    annotations: input.annotations && attempt(['annotations'], () => toAssignments(input.annotations), {}),
    domainName: input.domainname,
    storageOpt: input.storage_opt && attempt(['storage_opt'], () => toAssignments(input.storage_opt), {}),
    platform: input.platform,
    macAddress: input.mac_address,
    engineHealth: undefined,
    deviceRequests: input.gpus && input.gpus.map(toDeviceRequest),
  };
}

/** Paths of env files that the worker reads, without optional ones that are not there. */
function toEnvFiles(input: ServiceInput['env_file'] = [], baseDir: string): string[] {
  const all = [input].flat().map((file) => (typeof file === 'string' ? { path: file } : file));
  const files: EnvFileInput[] = all.filter((file: EnvFileInput) => file.read_by !== 'client');
  if (files.length > 0 && files.length < all.length)
    throw new Malformed('the client reads some of its files and the worker others; set one read_by for all of them');
  if (files.some(({ format }) => format !== undefined))
    throw new Malformed('has a format, which only a file with read_by: client can have; add it');
  return files
    .map(({ path, required = true }) => ({ path: resolve(baseDir, path), required }))
    .filter(({ path, required }) => required || existsSync(path))
    .map(({ path }) => path);
}

type EnvFileInput = Exclude<Extract<NonNullable<ServiceInput['env_file']>, unknown[]>[number], string>;

function toDevice(input: NonNullable<ServiceInput['devices']>[number]): Device {
  if (typeof input !== 'string') {
    const { source, target = source, permissions = 'rwm' } = input;
    return { source, target, permissions };
  }
  if (isCdiDevice(input)) return { source: input, target: input, permissions: 'rwm' };
  const [source = '', ...rest] = input.split(':');
  const target = rest.find((part) => part.startsWith('/')) ?? source;
  return { source, target, permissions: rest.find((part) => !part.startsWith('/')) ?? 'rwm' };
}

/** `host:ip`, one for each address. */
function toHosts(input: ServiceInput['extra_hosts']): string[] {
  if (!Array.isArray(input)) return Object.entries(toAssignments(input)).map(([host, ip]) => `${host}:${ip}`);
  return input.map((item) => {
    const [[host, ip]] = Object.entries(toAssignments([item], item.includes('=') ? '=' : ':')) as [[string, string]];
    return `${host}:${ip}`;
  });
}

function toBlkio(input: NonNullable<ServiceInput['blkio_config']>): BlkioLimits {
  const rates = (limits: { path: string; rate: number | string }[] = []) =>
    limits.map(({ path, rate }) => ({ path, rate: toBytes(rate) }));
  return {
    ...(input.weight !== undefined && { weight: input.weight }),
    weightDevice: input.weight_device ?? [],
    readBps: rates(input.device_read_bps),
    readIops: rates(input.device_read_iops),
    writeBps: rates(input.device_write_bps),
    writeIops: rates(input.device_write_iops),
  };
}

/** Without a count or ids, all devices are meant; without capabilities, GPUs. */
function toDeviceRequest(input: NonNullable<ServiceInput['gpus']>[number]): DeviceRequest {
  const { driver = '', count, device_ids: ids, capabilities = ['gpu'], options } = input as DeviceRequestInput;
  const wanted = count ?? (ids ? undefined : 'all');
  return {
    driver,
    ...(wanted !== undefined && { count: wanted === 'all' ? -1 : wanted }),
    ...(ids && { ids }),
    capabilities,
    options: toAssignments(options),
  };
}

interface DeviceRequestInput {
  driver?: string;
  count?: number | 'all';
  device_ids?: string[];
  capabilities?: string[];
  options?: Record<string, unknown> | string[];
}

function toUlimit(input: NonNullable<ServiceInput['ulimits']>[string]): { soft: number; hard: number } {
  return typeof input === 'number' ? { soft: input, hard: input } : input;
}

function toList(input: string | string[] | undefined): string[] {
  return input === undefined ? [] : [input].flat();
}

/** Rejects invalid variables here, because the error of Docker would contain their values. */
function toVariables(input: ServiceInput['environment']): Record<string, string> {
  const variables = toAssignments(input);
  for (const [name, value] of Object.entries(variables)) {
    if (!/^[^=\s]+$/.test(name) || hasControlCharacter(name))
      throw new Malformed(
        `${JSON.stringify(name)} is not a valid variable name; use letters, digits and _, such as LOG_LEVEL`,
      );
    if (value.includes('\0')) throw new Malformed(`${name} contains a NUL character; remove it`);
  }
  return variables;
}

function toResources(input: ServiceInput['resources']): { reserve: ResourceAmounts; limit: ResourceAmounts } {
  const { reserve, limit, ...flat } = input ?? {};
  return { reserve: { ...toAmounts(flat), ...toAmounts(reserve) }, limit: { ...toAmounts(flat), ...toAmounts(limit) } };
}
