import type { RuntimeName } from './runtimes';
import type { TrafficState } from './traffic';
import type {
  Beside,
  HealthCheck,
  InstanceKind,
  InstanceRef,
  Mount,
  NetworkAttachment,
  PortBinding,
  ResourceAmounts,
  RestartPolicy,
} from './instance';

/** Before the name of a secret: its fingerprint without a final line end. */
export const earlierPrefix = 'earlier:';

/** Before the name of a secret that is too short to be masked. */
export const unmaskedPrefix = 'unmasked:';

export type InstanceState = 'created' | 'running' | 'restarting' | 'paused' | 'exited' | 'missing';

/** Whether there is something to stop, and to bring back on a rollback. */
export function isUp({ state }: { state: InstanceState }): boolean {
  return state === 'running' || state === 'restarting' || state === 'paused';
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
  /** What it may use as of now, where the look was a close one. */
  limitsInForce?: Pick<ResourceAmounts, 'cpus' | 'memory'>;
  exitCode?: number;
  outOfMemory?: boolean;
  restarts?: number;
  runtimeHealth?: 'starting' | 'healthy' | 'unhealthy';
  ports: PortBinding[];
  mounts: Mount[];
  networks: string[];
  /**
   * Of a workload: how many pods it is to have, and the number of the deployment whose workload it took the place of.
   */
  replicas?: number;
  replaces?: number;
  /** It was to run beside the service's own workload for a while. */
  beside?: Beside;
  /** Number of the deployment that had its pods replaced though nothing else changed. */
  restartedBy?: number;
  /** Where it is not what was applied any more, after a close look: each completes "it is …". */
  altered?: string[];
  /** What others know it by while it is in service. */
  names?: NetworkAttachment[];
  healthCheck?: HealthCheck;
}

export interface ObservedNetwork {
  name: string;
  cidr?: string;
  /** Whether it lets nothing out; undefined where the runtime does not say. */
  internal?: boolean;
  /**
   * By which names running containers of others answer on it; `isAsked`: services of the same stack may reach each
   * other by them.
   */
  namesOfOthers?: { name: string; by: string; isAsked?: boolean }[];
  /** False: another stack's, or the host's own. */
  ours: boolean;
  owner: string;
}

export interface ObservedVolume {
  name: string;
  /** `stack/environment` of the labels; empty where the volume carries none. */
  owner: string;
  /** `service:/path` of the mounts that it was made for. */
  mountedAt?: string[];
  /** Running containers of others that mount it for writing. */
  writers?: string[];
}

export interface ObservedImage {
  reference: string;
  /** Content address; empty where the image is not on the host. */
  id: string;
  /** `name@sha256:…`, where a registry knows it. */
  digest?: string;
  /** Paths for which it makes a volume without a name, unless something is mounted there. */
  volumes?: string[];
}

/** What a host has, and what other stacks have reserved of it. */
export interface Capacity {
  host: string;
  /** What it is, where a stack may take it for something else. */
  runtime?: RuntimeName;
  /** By which the platform knows itself, whatever address it is reached by. */
  engine?: string;
  /** False where files and container addresses of the host are out of the worker's reach. */
  local: boolean;
  total: Required<ResourceAmounts>;
  reservedByOthers: ResourceAmounts;
}

export interface PortInUse {
  port: number;
  /** The address that it is open at; absent: at every one of the host. */
  hostIp?: string;
  protocol: 'tcp' | 'udp';
  by: string;
}

/** A key of the stack file that the worker's policy refuses. */
export interface Refused {
  path: string;
  /** Names the rule. */
  message: string;
}

/** An instance of the environment whose labels or annotations cannot be read: it is left alone. */
export interface Unreadable {
  name: string;
  why: string;
  /** The command that removes it; absent: Docker's. */
  remove?: string;
}

/** Everything the planner knows of the world. Read in one go, by label. */
export interface Observation {
  instances: ObservedInstance[];
  unreadable?: Unreadable[];
  networks: ObservedNetwork[];
  volumes: ObservedVolume[];
  images: ObservedImage[];
  portsInUse: PortInUse[];
  capacity: Capacity;
  /** Namespaces of a cluster in which the stack runs beside the one that it names. */
  elsewhere?: string[];
  /** The stack comes in by a Gateway, and its cluster knows of none. */
  lacksGateways?: true;
  /** The version of a cluster that is too old for what the engine makes there. */
  tooOld?: string;
  /** What the load balancer does; absent where none runs. */
  traffic?: TrafficState;
  /**
   * Keyed fingerprints of the secrets and env files a stack names, and behind {@link earlierPrefix} as version 0.1 took
   * them; never a plain hash. Behind {@link unmaskedPrefix}: that a secret is too short to be masked.
   */
  secrets: Record<string, string>;
  /** What the worker's policy refuses; absent where it refuses nothing. */
  refused?: Refused[];
}
