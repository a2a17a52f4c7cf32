import type { RuntimeName } from './runtimes';
import type { SharedRoutes, TrafficState } from './traffic';
import type {
  Beside,
  HealthCheck,
  InstanceKind,
  InstanceRef,
  Joined,
  Mount,
  NetworkAttachment,
  PortBinding,
  Protocol,
  ResourceAmounts,
  RestartPolicy,
} from './instance';

/** Prefix of a secret's name for its fingerprint without the final line end (as version 0.1 computed it). */
export const earlierPrefix = 'earlier:';

/** Prefix of the name of a secret that is too short to mask. */
export const unmaskedPrefix = 'unmasked:';

export type InstanceState = 'created' | 'running' | 'restarting' | 'paused' | 'exited' | 'missing';

/** Whether an instance has to be stopped, and started again on a rollback. */
export function isUp({ state }: { state: InstanceState }): boolean {
  return state === 'running' || state === 'restarting' || state === 'paused';
}

/** Whether a later deployment has put another instance in the place of this one. */
export function hasSuccessor(
  { service, ordinal, deployment }: ObservedInstance,
  all: readonly ObservedInstance[],
): boolean {
  return all.some((other) => other.service === service && other.ordinal === ordinal && other.deployment > deployment);
}

/** One instance as a runtime reports it, found by our labels. */
export interface ObservedInstance extends InstanceRef {
  id: string;
  deployment: number;
  release: number;
  phase: number;
  kind: InstanceKind;
  hash: string;
  keys: Record<string, string>;
  image: string;
  imageId: string;
  state: InstanceState;
  /** The policy in force; it differs from `restart` on a retired instance. */
  policy: RestartPolicy;
  /** Limits in force now; set by a detailed inspection only. */
  limitsInForce?: Pick<ResourceAmounts, 'cpus' | 'memory'>;
  exitCode?: number;
  outOfMemory?: boolean;
  restarts?: number;
  runtimeHealth?: 'starting' | 'healthy' | 'unhealthy';
  ports: PortBinding[];
  mounts: Mount[];
  networks: string[];
  /**
   * Of a workload: the desired number of pods, and the number of the deployment whose workload it replaced.
   */
  replicas?: number;
  replaces?: number;
  /** Set on a temporary workload beside the service's own. */
  beside?: Beside;
  /** Number of the deployment that restarted its pods without another change. */
  restartedBy?: number;
  /** Differences from the applied state, found by a detailed inspection; each completes "it is …". */
  altered?: string[];
  /** Names of the instances whose namespaces it joined when it was created. */
  joins?: Joined;
  /** Names of the containers outside the stack whose namespaces it joined. */
  joinsOutside?: Joined;
  /** Those among both that have started again since: it is still in the namespaces that they had before. */
  leftBehind?: string[];
  /** IP address at which the worker reaches its ports; absent where only an inspection would tell. */
  address?: string;
  /** Its network names while it is in service. */
  names?: NetworkAttachment[];
  healthCheck?: HealthCheck;
}

export interface ObservedNetwork {
  name: string;
  cidr?: string;
  /** Whether it has no route out; undefined if the runtime does not report it. */
  internal?: boolean;
  /**
   * Names of other owners' running containers on it; `isAsked`: services of the same stack may use the name to reach
   * each other.
   */
  namesOfOthers?: { name: string; by: string; isAsked?: boolean }[];
  /** False: it belongs to another stack or to the host. */
  ours: boolean;
  owner: string;
}

export interface ObservedVolume {
  name: string;
  /** `stack/environment` of the labels; empty if the volume has none. */
  owner: string;
  /** Project of `docker compose` that made it. */
  compose?: string;
  /** `service:/path` of the mounts it was created for. */
  mountedAt?: string[];
  /** Other owners' running containers that mount it for writing. */
  writers?: string[];
}

export interface ObservedImage {
  reference: string;
  /** Such as `linux/amd64` or `linux/arm64/v8`; absent if the platform does not tell. */
  platform?: string;
  /** Content address; empty if the image is not on the host. */
  id: string;
  /** `name@sha256:…`; absent if no registry has it. */
  digest?: string;
  /** Paths at which it declares anonymous volumes. */
  volumes?: string[];
}

/** Resources of a host, and the part other stacks have reserved. */
export interface Capacity {
  host: string;
  /** The host's actual runtime, which may differ from the stack file. */
  runtime?: RuntimeName;
  /** The platform's own id, the same at every address. */
  engine?: string;
  /** False if the worker cannot reach the host's files and container addresses. */
  local: boolean;
  total: Required<ResourceAmounts>;
  reservedByOthers: ResourceAmounts;
}

export interface PortInUse {
  port: number;
  /** The address it is bound to; absent for every address of the host. */
  hostIp?: string;
  protocol: Protocol;
  by: string;
}

/** A container outside the stack whose namespaces a service of it asks for. */
export interface OutsideContainer {
  name: string;
  isRunning: boolean;
  /** Whether others may join its shared memory. */
  sharesMemory: boolean;
  /** `stack/environment` whose instance it is. */
  owner?: string;
}

/** A key of the stack file that the worker's policy refuses. */
export interface Refused {
  path: string;
  /** Names the rule. */
  message: string;
}

/** An instance whose labels or annotations cannot be parsed; the engine does not touch it. */
export interface Unreadable {
  name: string;
  why: string;
  /** The command that removes it; default: `docker rm`. */
  remove?: string;
}

/** The observed state of a host, as the planner sees it. Read in one pass, by label. */
export interface Observation {
  instances: ObservedInstance[];
  unreadable?: Unreadable[];
  networks: ObservedNetwork[];
  volumes: ObservedVolume[];
  images: ObservedImage[];
  portsInUse: PortInUse[];
  /** Those that exist of the containers that the services ask for; absent if none does. */
  outside?: OutsideContainer[];
  capacity: Capacity;
  /** Other namespaces of the cluster in which the stack also runs. */
  elsewhere?: string[];
  /** The stack uses a Gateway, and its cluster lacks the Gateway API. */
  lacksGateways?: true;
  /** Version of the Docker Engine's API, if the stack asks for what older ones lack. */
  api?: string;
  /** Version of a cluster that is too old for the engine. */
  tooOld?: string;
  /** State of the load balancer; absent if none runs. */
  traffic?: TrafficState;
  /** Routes of all environments at the shared load balancer; absent if the stack does not use it. */
  shared?: SharedRoutes[];
  /**
   * Keyed fingerprints of the stack's secrets and env files, never plain hashes; with {@link earlierPrefix}, as version
   * 0.1 computed them. A key with {@link unmaskedPrefix} marks a secret that is too short to mask.
   */
  secrets: Record<string, string>;
  /** Keys that the worker's policy refuses; absent if there are none. */
  refused?: Refused[];
}
