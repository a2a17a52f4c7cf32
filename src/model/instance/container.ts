import type { OfContainer, OfService } from './namespaces';
import type { SecretMount } from './secrets';

/** Restart policies that restart an instance after any exit. */
export const alwaysRestarted: ReadonlySet<string> = new Set<RestartPolicy>(['always', 'unless-stopped']);

export type RestartPolicy = 'no' | 'always' | 'unless-stopped' | 'on-failure' | `on-failure:${number}`;

export type Mount =
  | ({ type: 'volume'; volume: string; target: string; readOnly: boolean } & VolumeOptions)
  | ({ type: 'bind'; source: string; target: string; readOnly: boolean } & BindOptions)
  | ImageMount;

/** The files of an image, by its name or its content address. */
export interface ImageMount {
  type: 'image';
  image: string;
  target: string;
  readOnly: boolean;
  /** Folder in the image to mount. */
  subpath?: string;
}

export interface VolumeOptions {
  /** A new volume stays empty instead of getting the files of the image. */
  noCopy?: true;
  /** Folder in the volume to mount. */
  subpath?: string;
}

export interface BindOptions {
  /** Create the folder on the host if it is missing. */
  create?: true;
  /** `z`: label for SELinux that containers share; `Z`: private. */
  selinux?: 'z' | 'Z';
  propagation?: 'private' | 'rprivate' | 'shared' | 'rshared' | 'slave' | 'rslave';
  /** Of the mounts below: `disabled`: none; `writable`: read-only does not hold for them; `readonly`: it has to. */
  recursive?: 'disabled' | 'writable' | 'readonly';
}

/** Fixed settings of an instance on a network. With addresses, only one instance can be there. */
export interface EndpointSettings {
  ipv4?: string;
  ipv6?: string;
  linkLocal?: string[];
  mac?: string;
  driverOptions?: Record<string, string>;
}

/** CPUs in cores, memory, storage and shared memory in bytes. */
export interface ResourceAmounts {
  cpus?: number;
  memory?: number;
  gpus?: number;
  storage?: number;
}

export interface HealthCheck {
  probe: Probe;
  intervalMs: number;
  timeoutMs: number;
  retries: number;
  startPeriodMs: number;
}

export type Probe =
  | { kind: 'http'; port: number; path: string; scheme: 'http' | 'https'; headers: Record<string, string> }
  | { kind: 'tcp'; port: number }
  | { kind: 'command'; command: string[] }
  | { kind: 'runtime' };

/** A device of the host, or one of the Container Device Interface by its name. `permissions`: of `r`, `w` and `m`. */
export interface Device {
  source: string;
  target: string;
  permissions: string;
}

/** A request for devices by a driver of the engine, such as GPUs. */
export interface DeviceRequest {
  driver: string;
  /** -1: all. */
  count?: number;
  ids?: string[];
  capabilities: string[];
  options: Record<string, string>;
}

/** Limits of block devices: weights, and rates in bytes or operations per second. */
export interface BlkioLimits {
  weight?: number;
  weightDevice: { path: string; weight: number }[];
  readBps: { path: string; rate: number }[];
  readIops: { path: string; rate: number }[];
  writeBps: { path: string; rate: number }[];
  writeIops: { path: string; rate: number }[];
}

/** A health check that Docker runs in the container, for a command that only Docker may know. Times in ms. */
export interface EngineHealth {
  command: string[];
  intervalMs: number;
  timeoutMs: number;
  retries: number;
  startPeriodMs: number;
}

/** Options of the containers of a service. Durations in ms, sizes in bytes. */
export interface ContainerOptions {
  entrypoint?: string[];
  command?: string[];
  workingDir?: string;
  user?: string;
  variables: Record<string, string>;
  envFiles: string[];
  secrets: SecretMount[];
  reserve: ResourceAmounts;
  limit: ResourceAmounts;
  restart: RestartPolicy;
  stopSignal?: string;
  stopGraceMs: number;
  labels: Record<string, string>;
  logging?: { driver?: string; options: Record<string, string> };
  init: boolean;
  shmSize?: number;
  tmpfs: string[];
  capAdd: string[];
  capDrop: string[];
  readOnly: boolean;
  extraHosts: string[];
  healthCheck?: HealthCheck;
  /** Disables the engine's probes and the image's own HEALTHCHECK. */
  healthDisabled?: true;
  hostname?: string;
  privileged?: boolean;
  devices?: Device[];
  deviceCgroupRules?: string[];
  securityOpt?: string[];
  ulimits?: Record<string, { soft: number; hard: number }>;
  sysctls?: Record<string, string>;
  dns?: string[];
  dnsSearch?: string[];
  dnsOptions?: string[];
  ipc?: 'none' | 'private' | 'shareable' | 'host' | OfService | OfContainer;
  pid?: 'host' | OfService | OfContainer;
  uts?: 'host';
  userns?: 'host';
  cgroup?: 'host' | 'private';
  cgroupParent?: string;
  groupAdd?: string[];
  tty?: boolean;
  stdinOpen?: boolean;
  /** OCI runtime of the Docker Engine. */
  ociRuntime?: string;
  /** Maximum number of processes and threads; -1: no limit. */
  pidsLimit?: number;
  oomScoreAdj?: number;
  oomKillDisable?: boolean;
  /** Memory and swap together; -1: no limit of swap. */
  memswapLimit?: number;
  memSwappiness?: number;
  cpuShares?: number;
  /** In µs. */
  cpuQuota?: number;
  /** In µs. */
  cpuPeriod?: number;
  cpuset?: string;
  /** In µs. */
  cpuRtPeriod?: number;
  /** In µs. */
  cpuRtRuntime?: number;
  blkio?: BlkioLimits;
  annotations?: Record<string, string>;
  domainName?: string;
  storageOpt?: Record<string, string>;
  /** `linux/arm64`, where the image has several. */
  platform?: string;
  macAddress?: string;
  deviceRequests?: DeviceRequest[];
  /** Health check that the container engine runs by itself. */
  engineHealth?: EngineHealth;
}
