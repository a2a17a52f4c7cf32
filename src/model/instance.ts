/** The words that every room shares about instances. Types only. */

export type InstanceKind = 'service' | 'job';

/** Policies by which nothing is left down that has exited by itself. */
export const alwaysRestarted: ReadonlySet<string> = new Set<RestartPolicy>(['always', 'unless-stopped']);

export type RestartPolicy = 'no' | 'always' | 'unless-stopped' | 'on-failure' | `on-failure:${number}`;

/** Where a secret's value lives on the worker. The value itself never travels. */
export type SecretSource = { file: string } | { environment: string } | { vault: VaultAddress };

/** A key of a secret in HashiCorp Vault's KV engine, version 2. */
export interface VaultAddress {
  mount: string;
  path: string;
  key: string;
}

/** How an instance sees a secret: as a file, or as an environment variable. */
export interface SecretMount {
  name: string;
  source: SecretSource;
  target: FileTarget | { environment: string };
}

/** Where a file stands in an instance. Without an owner it belongs to root, of a process to the worker's user. */
export interface FileTarget {
  path: string;
  mode: number;
  uid?: number;
  gid?: number;
}

/** A file whose content travels with the release. */
export interface ConfigFile extends FileTarget {
  content: string;
}

/** The same by the name of the config, for whoever can look its content up. */
export interface ConfigReference extends FileTarget {
  config: string;
}

/** A file of a secret, byte for byte. */
export interface SecretFile extends FileTarget {
  content: Uint8Array;
}

export interface PortBinding {
  container: number;
  /** 0 until the planner has allocated one from a range. */
  host: number;
  hostIp?: string;
  protocol: 'tcp' | 'udp';
}

export type Mount =
  | { type: 'volume'; volume: string; target: string; readOnly: boolean }
  | { type: 'bind'; source: string; target: string; readOnly: boolean };

export interface NetworkAttachment {
  name: string;
  aliases: string[];
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

/** Options that a service passes to the containers of its instances. Durations in ms, sizes in bytes. */
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
  /** Neither the engine nor the image's own HEALTHCHECK judges the instance. */
  healthDisabled?: true;
}

/** On a cluster the instances of a service are one workload, whose pods the cluster makes and replaces by itself. */
export interface Workload {
  /** Absent where others choose how many. */
  replicas?: number;
  /** How pods are replaced. */
  rollout: 'recreate' | { maxSurge: number; maxUnavailable: number; minHealthyMs: number };
  /**
   * It runs for a while beside the service's own workload: as a canary it gets a share of the requests, as the next one
   * none until it is told to.
   */
  beside?: Beside;
  /** Number of the deployment that had its pods replaced though nothing else changed. */
  restartedBy?: number;
  /** Number of the deployment whose workload this one takes the place of; its driver knows. */
  replaces?: number;
  pullPolicy: 'missing' | 'always' | 'never';
  zone?: string;
  /** What depends on it asks it by its name as soon as it is ready: from within the cluster, or from another host. */
  awaited?: 'inside' | 'outside';
  /** Where requests from outside come in. */
  ingress: IngressRoute[];
  /** What the cluster is told of every workload of the stack. */
  settings: ClusterSettings;
}

/** A way in from outside. */
export interface IngressRoute {
  host?: string;
  path: string;
  port: number;
  /** True: with the certificate of whatever serves it. `secret`: one of the namespace, which others keep. */
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
  /** Names of secrets of the namespace that hold the keys to registries. */
  pullSecrets: string[];
  serviceAccount?: string;
  ingressClass?: string;
  /** `namespace/name`, or a name in the namespace of the stack: what is exposed comes in by this Gateway. */
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
  /** Folders to make before its files, where its user has to write. */
  folders?: FileTarget[];
  ports: PortBinding[];
  mounts: Mount[];
  networks: NetworkAttachment[];
  /** What others know it by once it is in service, where that differs from what it starts with. */
  names?: NetworkAttachment[];
  /** Its names move while it runs: it keeps its addresses then, so that no connection breaks. */
  keepsAddress?: boolean;
  networkMode: 'bridge' | 'host';
  /** Keep the processes from gaining privileges by setuid programs. */
  noNewPrivileges?: boolean;
  /** How many processes and threads it may have at once. */
  pidsLimit?: number;
  preStop?: string[];
  /** On a cluster only. */
  workload?: Workload;
  /** Hash of everything that makes a running instance out of date. */
  hash: string;
  /** The same, key by key, so that a plan can say which keys changed. */
  keys: Record<string, string>;
}

/** An instance as a workflow tells it to an activity: large configs by name, so that their contents travel once. */
export type InstanceByReference = Omit<InstanceSpec, 'files'> & { files: (ConfigFile | ConfigReference)[] };

/** Names one instance, with what stopping and starting it again takes. */
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
 * Where what is meant for a service goes for a while, instead of to its own workload: to another one; to whatever runs
 * of the service (`*`); or, of what a Gateway lets in, a share to another workload, in per cent.
 */
export type ServedBy = string | { workload: string; share: number };
