/** Types about instances that all rooms share. */

export type InstanceKind = 'service' | 'job';

/** Restart policies that restart an instance after any exit. */
export const alwaysRestarted: ReadonlySet<string> = new Set<RestartPolicy>(['always', 'unless-stopped']);

export type RestartPolicy = 'no' | 'always' | 'unless-stopped' | 'on-failure' | `on-failure:${number}`;

/**
 * Where a secret's value lives on the worker. The value itself never travels, except sealed: as ciphertext that only
 * the engine can open.
 */
export type SecretSource = { file: string } | { environment: string } | { vault: VaultAddress } | { sealed: string };

/** The public half of an engine's key: clients seal values with it that only the engine can open. */
export interface SealingKey {
  id: string;
  /** X25519, raw, in base64url. */
  publicKey: string;
}

/** Values to seal, by the name of their secret. A text may have marked parts, which are masked by themselves. */
export type SealingValues = Record<string, string>;

/** A key of a secret in HashiCorp Vault's KV engine, version 2. */
export interface VaultAddress {
  mount: string;
  path: string;
  key: string;
}

/**
 * How an instance receives a secret: as a file, as an environment variable, or in the texts of its container (command,
 * labels, health check) that refer to it as {@link sealedReference}.
 */
export interface SecretMount {
  name: string;
  source: SecretSource;
  target: FileTarget | { environment: string } | { texts: true };
}

/** Stands in a text for the value of a secret. */
export function sealedReference(name: string): string {
  return `\${sealed:${name}}`;
}

/** Location of a file in an instance. Default owner: root; for processes, the worker's user. */
export interface FileTarget {
  path: string;
  mode: number;
  uid?: number;
  gid?: number;
}

/** A file whose content is part of the release. */
export interface ConfigFile extends FileTarget {
  content: string;
}

/** A config file by name; the receiver looks the content up. */
export interface ConfigReference extends FileTarget {
  config: string;
}

/** A secret as a file, byte for byte. */
export interface SecretFile extends FileTarget {
  content: Uint8Array;
}

export type Protocol = 'tcp' | 'udp' | 'sctp';

export interface PortBinding {
  container: number;
  /** 0 until the planner has allocated one from a range. */
  host: number;
  hostIp?: string;
  protocol: Protocol;
}

export type Mount =
  | ({ type: 'volume'; volume: string; target: string; readOnly: boolean } & VolumeOptions)
  | ({ type: 'bind'; source: string; target: string; readOnly: boolean } & BindOptions);

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
}

/** Fixed settings of an instance on a network. With addresses, only one instance can be there. */
export interface EndpointSettings {
  ipv4?: string;
  ipv6?: string;
  linkLocal?: string[];
  mac?: string;
  driverOptions?: Record<string, string>;
}

export interface NetworkAttachment {
  name: string;
  aliases: string[];
  settings?: EndpointSettings;
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

/** A device of the host. `permissions`: of `r`, `w` and `m`. */
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
  ipc?: 'none' | 'private' | 'shareable' | 'host';
  pid?: 'host';
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

/** `bridge`: networks of the stack; `host`: the network of the host; `none`: no network. */
export type NetworkMode = 'bridge' | 'host' | 'none';

/** On a cluster a service is one workload; the cluster itself creates and replaces its pods. */
export interface Workload {
  /** Absent if an autoscaler chooses. */
  replicas?: number;
  /** How pods are replaced. */
  rollout: 'recreate' | { maxSurge: number; maxUnavailable: number; minHealthyMs: number };
  /**
   * Set on a temporary workload beside the service's own: a canary receives a share of the requests, the next set
   * receives none until the switch.
   */
  beside?: Beside;
  /** Number of the deployment that restarted its pods without another change. */
  restartedBy?: number;
  /** Number of the deployment whose workload this one replaces; set by the driver. */
  replaces?: number;
  pullPolicy: 'missing' | 'always' | 'never';
  zone?: string;
  /** Its dependants resolve it by name as soon as it is ready: from within the cluster, or from another host. */
  awaited?: 'inside' | 'outside';
  /** Ingress routes for requests from outside. */
  ingress: IngressRoute[];
  /** Cluster settings shared by all workloads of the stack. */
  settings: ClusterSettings;
}

/** One ingress route. */
export interface IngressRoute {
  host?: string;
  path: string;
  port: number;
  /** True: the ingress controller's default certificate. `secret`: an existing secret of the namespace. */
  tls?: true | { secret: string } | CertificatePair;
}

/** Two secrets of the stack. */
export interface CertificatePair {
  certificate: SecretMount;
  key: SecretMount;
}

export type Beside = 'canary' | 'next';

export interface ClusterSettings {
  /** Absent: `<stack>-<environment>`. */
  namespace?: string;
  /** Names of the namespace's image pull secrets. */
  pullSecrets: string[];
  serviceAccount?: string;
  ingressClass?: string;
  /** Gateway of the exposed services: `namespace/name`, or a name in the stack's namespace. */
  gateway?: string;
  serviceType: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  /** Only services that share a network reach each other. */
  isolated: boolean;
}

/** What a runtime needs to start one instance; plain data, no secret values. */
export interface InstanceSpec extends ContainerOptions {
  name: string;
  stack: string;
  environment: string;
  service: string;
  ordinal: number;
  deployment: number;
  release: number;
  phase: number;
  kind: InstanceKind;
  image?: string;
  imageId?: string;
  files: ConfigFile[];
  /** Folders to create before its files, writable by its user. */
  folders?: FileTarget[];
  ports: PortBinding[];
  mounts: Mount[];
  networks: NetworkAttachment[];
  /** Its network names once it is in service, if they differ from those it starts with. */
  names?: NetworkAttachment[];
  /** Keep its addresses when its names move, so that no connection breaks. */
  keepsAddress?: boolean;
  networkMode: NetworkMode;
  /** Prevent processes from gaining privileges through setuid programs. */
  noNewPrivileges?: boolean;
  preStop?: string[];
  /** On a cluster only. */
  workload?: Workload;
  /** Fingerprint: if it differs from the running instance's, the instance is replaced. */
  hash: string;
  /** A fingerprint per key, so that a plan can say which keys changed. */
  keys: Record<string, string>;
}

/** An instance as workflows pass it to activities: large configs by name, so that their contents travel once. */
export type InstanceByReference = Omit<InstanceSpec, 'files'> & { files: (ConfigFile | ConfigReference)[] };

/** Identifies one instance, with the settings needed to stop it and start it again. */
export interface InstanceRef {
  name: string;
  service: string;
  ordinal: number;
  restart: RestartPolicy;
  stopGraceMs: number;
  healthCheck?: HealthCheck;
  preStop?: string[];
}

/**
 * Temporary destination of a service's requests instead of its own workload: another workload; all pods of the service
 * (`*`); or a percentage of a Gateway's requests to another workload.
 */
export type ServedBy = string | { workload: string; share: number };
