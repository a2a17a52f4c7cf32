import type { ContainerOptions } from './instance';
import type { RuntimeName } from './runtimes';

export interface OptionTraits {
  /** Key in the stack file. */
  key: string;
  /** Runtimes that cannot honour it. The configuration refuses the key there. */
  unsupported?: readonly RuntimeName[];
  /** False: changing it replaces no instance. */
  replaces?: false;
  /** False: it cannot be amended while a failed deployment waits. */
  amendable?: false;
}

const dockerOnly: readonly RuntimeName[] = ['kubernetes', 'process'];

/** The traits of every container option. A new option needs a row here. */
export const containerOptions: Record<keyof ContainerOptions, OptionTraits> = {
  entrypoint: { key: 'entrypoint', unsupported: ['process'] },
  command: { key: 'command' },
  workingDir: { key: 'working_dir' },
  user: { key: 'user', unsupported: ['process'] },
  variables: { key: 'environment' },
  envFiles: { key: 'env_file', amendable: false },
  secrets: { key: 'secrets', amendable: false },
  restart: { key: 'restart' },
  stopSignal: { key: 'stop_signal', unsupported: ['kubernetes'] },
  stopGraceMs: { key: 'stop_grace_period', replaces: false },
  labels: { key: 'labels' },
  logging: { key: 'logging', unsupported: ['kubernetes', 'process'] },
  init: { key: 'init', unsupported: ['kubernetes', 'process'] },
  shmSize: { key: 'shm_size', unsupported: ['process'] },
  tmpfs: { key: 'tmpfs', unsupported: ['process'] },
  capAdd: { key: 'cap_add', unsupported: ['process'] },
  capDrop: { key: 'cap_drop', unsupported: ['process'] },
  readOnly: { key: 'read_only', unsupported: ['process'] },
  extraHosts: { key: 'extra_hosts', unsupported: ['process'] },
  healthCheck: { key: 'health_check', replaces: false },
  healthDisabled: { key: 'health_disabled' },
  hostname: { key: 'hostname', unsupported: dockerOnly },
  privileged: { key: 'privileged', unsupported: dockerOnly },
  devices: { key: 'devices', unsupported: dockerOnly },
  deviceCgroupRules: { key: 'device_cgroup_rules', unsupported: dockerOnly },
  securityOpt: { key: 'security_opt', unsupported: dockerOnly },
  ulimits: { key: 'ulimits', unsupported: dockerOnly },
  sysctls: { key: 'sysctls', unsupported: dockerOnly },
  dns: { key: 'dns', unsupported: dockerOnly },
  dnsSearch: { key: 'dns_search', unsupported: dockerOnly },
  dnsOptions: { key: 'dns_opt', unsupported: dockerOnly },
  ipc: { key: 'ipc', unsupported: dockerOnly },
  pid: { key: 'pid', unsupported: dockerOnly },
  uts: { key: 'uts', unsupported: dockerOnly },
  userns: { key: 'userns_mode', unsupported: dockerOnly },
  cgroup: { key: 'cgroup', unsupported: dockerOnly },
  cgroupParent: { key: 'cgroup_parent', unsupported: dockerOnly },
  groupAdd: { key: 'group_add', unsupported: dockerOnly },
  tty: { key: 'tty', unsupported: dockerOnly },
  stdinOpen: { key: 'stdin_open', unsupported: dockerOnly },
  ociRuntime: { key: 'runtime', unsupported: dockerOnly },
  pidsLimit: { key: 'pids_limit', unsupported: dockerOnly },
  oomScoreAdj: { key: 'oom_score_adj', unsupported: dockerOnly },
  oomKillDisable: { key: 'oom_kill_disable', unsupported: dockerOnly },
  memswapLimit: { key: 'memswap_limit', unsupported: dockerOnly },
  memSwappiness: { key: 'mem_swappiness', unsupported: dockerOnly },
  cpuShares: { key: 'cpu_shares', unsupported: dockerOnly },
  cpuQuota: { key: 'cpu_quota', unsupported: dockerOnly },
  cpuPeriod: { key: 'cpu_period', unsupported: dockerOnly },
  cpuset: { key: 'cpuset', unsupported: dockerOnly },
  cpuRtPeriod: { key: 'cpu_rt_period', unsupported: dockerOnly },
  cpuRtRuntime: { key: 'cpu_rt_runtime', unsupported: dockerOnly },
  blkio: { key: 'blkio_config', unsupported: dockerOnly },
  annotations: { key: 'annotations', unsupported: dockerOnly },
  domainName: { key: 'domainname', unsupported: dockerOnly },
  storageOpt: { key: 'storage_opt', unsupported: dockerOnly },
  platform: { key: 'platform', unsupported: dockerOnly },
  macAddress: { key: 'mac_address', unsupported: dockerOnly },
  deviceRequests: { key: 'gpus', unsupported: dockerOnly },
  engineHealth: { key: 'engine_health', unsupported: dockerOnly },
  reserve: { key: 'resources.reserve' },
  limit: { key: 'resources.limit', unsupported: ['process'] },
};

export const optionNames = Object.keys(containerOptions) as (keyof ContainerOptions)[];

/** Every option, undefined if it is not set: an option that is forgotten in a list of them does not compile. */
export type EveryOption = { [Name in keyof Required<ContainerOptions>]: ContainerOptions[Name] };
