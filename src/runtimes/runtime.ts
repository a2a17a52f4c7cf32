import type { NetworkSpec, VolumeSpec } from '../model/resources';
import type { ServedBy } from '../model/instance';
import type { RuntimeName } from '../model/capabilities';
import type { InstanceRef, InstanceSpec, NetworkAttachment, SecretFile, SecretMount } from '../model/instance';
import type { Front, RouteTable, TrafficState } from '../model/traffic';
import type { InstanceLine, InstanceStatus } from '../model/instance-status';
import type { Observation, ObservedImage } from '../model/observation';

/** One stack in one place. */
export interface Scope {
  stack: string;
  environment: string;
  /** On a cluster, where it is not `<stack>-<environment>`. */
  namespace?: string;
}

export interface Questions {
  /** Image references whose content address is wanted. */
  images: string[];
  /** Ranges of host ports of which to say what else uses them. */
  ports: { from: number; to: number }[];
  /** Whether to ask about each instance by itself: what has been changed of it since it was made. */
  closely?: boolean;
  /** Whether the stack comes in by a Gateway. */
  gateway?: boolean;
}

export interface ImageResult {
  /** Content address. */
  id: string;
  /** True where this call brought it to the host. */
  pulled: boolean;
}

/** The engine brought it; or a kept release needs it though its tag means another by now. */
export type HoldReason = 'pulled' | 'kept';

export interface ExecResult {
  exitCode: number;
  output: string;
}

export interface LogRequest {
  /** The last lines, at most this many. */
  tail: number;
  /** Instead what came after this cursor of an earlier page. */
  after?: string;
}

export interface LogPage {
  lines: string[];
  /** Where the next page begins. Only its runtime reads it. */
  cursor: string;
}

/** A load balancer that runs. */
export interface Balancer {
  read(): Promise<TrafficState>;
  route(tables: RouteTable[]): Promise<void>;
  configure(front: Front): Promise<void>;
  /** How many requests are open at addresses. */
  openRequests(addresses: string[]): Promise<number>;
  /** Connects to addresses as it would for a request; each that it does not reach comes back with the reason. */
  unreached(addresses: string[]): Promise<{ address: string; reason: string }[]>;
}

/** Why a workload does not get ready, with what the cluster had to complain of. */
export interface Unready {
  message: string;
  status?: InstanceStatus;
  events: string[];
  /** The last lines of the pod that shows it. */
  logs: string[];
}

/** A pod of a workload as `status` shows it. */
export type PodLine = Pick<InstanceLine, 'name' | 'state' | 'health' | 'restarts'>;

export interface ReadyOptions {
  /** How long a pod that runs may take to get ready, in ms. */
  healthyWithinMs?: number;
  /** Whether a Gateway has to take its routes: what is made again is as good as it was. */
  judgesRoutes: boolean;
  signal: AbortSignal;
  /** What it waits for. */
  onWaiting: (why: string) => void;
}

/** What a cluster does by itself: a whole service is one instance, made something else where it stands. */
export interface Workloads {
  /** Makes it what the spec says, whatever it was; `force` takes over what others have changed of it. */
  apply(spec: InstanceSpec, force: boolean): Promise<void>;
  /** Makes it again what it was before a deployment; what that deployment did not touch stays. */
  restore(ref: Pick<InstanceRef, 'name' | 'stopGraceMs'>, deployment: number): Promise<void>;
  /** Lets requests to a service go elsewhere for a while; to its own workload where nothing is named. */
  select(name: string, to: ServedBy | undefined): Promise<void>;
  /** What one of its pods answers to a GET. `url`: scheme, port and path, as others ask the service by its name. */
  ask(name: string, url: URL, timeoutMs: number): Promise<string>;
  /** Its pods, one by one. */
  pods(name: string): Promise<PodLine[]>;
  /** Resolves once it is ready, or with why it cannot get so. */
  awaitReady(ref: InstanceRef, options: ReadyOptions): Promise<Unready | undefined>;
}

/**
 * A platform that runs instances. Small, and the same for all: one contract suite holds every implementation.
 */
export interface RuntimeDriver {
  readonly name: RuntimeName;
  /** Keys of a service that it cannot honour. */
  readonly cannotHonour: readonly string[];
  /** The platform as one environment sees it. */
  within(scope: Scope): Runtime;
}

/**
 * The platform as one environment sees it. It stops, removes, executes in and mounts only what carries the labels of
 * this very stack and environment; anything else of the same name counts as missing. Each driver enforces that in one
 * place.
 *
 * Everything may be called twice, and beside its own ghost: what exists already with the right hash is a success, and
 * so is removing what is gone. Failures are {@link RuntimeError}s.
 */
export interface Runtime {
  readonly name: RuntimeName;

  observe(questions: Questions): Promise<Omit<Observation, 'secrets'>>;

  findImages(references: string[]): Promise<ObservedImage[]>;
  ensureImage(
    reference: string,
    policy: 'missing' | 'always' | 'never',
    onProgress: (text: string) => void,
    signal?: AbortSignal,
  ): Promise<ImageResult>;
  /** Gives an image a name of the engine's own: it outlives its tag, and a clean-up of the host. */
  holdImage(id: string, why: HoldReason): Promise<void>;
  /** Takes that name back. An image that the engine had pulled goes with it, unless something else uses it. */
  dropImage(image: Pick<ObservedImage, 'reference' | 'id' | 'digest'>): Promise<void>;
  /** @throws RuntimeError where a network of that name belongs to somebody else, or was made with other settings */
  createNetwork(request: NetworkSpec): Promise<void>;
  removeNetwork(name: string): Promise<void>;
  /** @throws RuntimeError where a volume of that name belongs to somebody else */
  createVolume(request: VolumeSpec): Promise<void>;
  /** @throws RuntimeError while an instance mounts it, and where it belongs to somebody else */
  removeVolume(name: string): Promise<void>;

  /** Those of these volumes that the engine has not made. Absent where the platform does not tell. */
  adoptedVolumes?(names: readonly string[]): Promise<string[]>;

  /** Makes an instance without starting it. */
  create(spec: InstanceSpec): Promise<void>;
  /** Starts what was created, or has exited. */
  start(name: string): Promise<void>;
  inspect(name: string): Promise<InstanceStatus | undefined>;
  /**
   * Resolves with the exit code when the instance exits; with nothing where it did not run to begin with, or nobody
   * knows.
   */
  waitForExit(name: string, signal: AbortSignal): Promise<number | undefined>;
  /**
   * The exit code of the next exit, also of an instance that is about to start; for runtimes that forget it when they
   * restart.
   */
  nextExit?(name: string, signal: AbortSignal): Promise<number | undefined>;
  /** The exit code of the last exit of an instance that runs again by now; where the platform keeps it. */
  lastExit?(name: string): Promise<number | undefined>;
  /** Whether the platform has recorded lately that memory ran out of an instance, of its main process or any other. */
  ranOutOfMemory?(name: string): Promise<boolean>;
  /**
   * What exits by itself is never seen as `exited` where its policy restarts it always: what is, something else has
   * stopped, the platform as a rule.
   */
  restartsWhatExits?: boolean;
  /** Stops an instance so that nothing but `revive` starts it again. */
  retire(ref: InstanceRef): Promise<void>;
  /** Gives a retired instance its restart policy back and starts it. */
  revive(ref: InstanceRef): Promise<void>;
  /** Stops it if need be. Keeps volumes. */
  remove(ref: Pick<InstanceRef, 'name' | 'stopGraceMs'>): Promise<void>;

  /** Makes an instance known on networks by exactly these names; it joins those that it is not on. */
  attach(name: string, networks: NetworkAttachment[]): Promise<void>;
  /**
   * Gives an instance an address of its own where the platform has mistaken and given it another one's; resolves with
   * whether that was so. `port`: one at which it was asked in vain.
   */
  ensureOwnAddress?(name: string, port?: number): Promise<boolean>;
  /** Puts files of secrets into an instance that runs. */
  putSecrets(name: string, secrets: SecretMount[]): Promise<void>;
  /** A load balancer of the runtime's own, where instances have no shell. */
  balancer?(name: string): Balancer;
  exec(name: string, command: string[], timeoutMs: number): Promise<ExecResult>;
  /**
   * The same for a probe: never two at once in an instance, be it that one hangs. Absent where `exec` leaves nothing
   * behind.
   */
  probeByCommand?(name: string, command: string[], timeoutMs: number): Promise<ExecResult>;
  logs(name: string, request: LogRequest): Promise<LogPage>;
  /** Answers a probe itself, where instances have no network: what is wrong, or nothing. */
  probe?(name: string): Promise<string | undefined>;
  /** Where the worker reaches a port of the instance. */
  address(name: string, port: number): Promise<{ host: string; port: number }>;
  /** Only where a service is one workload. */
  workloads?: Workloads;
}

/** Whose trouble a failure is. `platform` passes by itself: Docker restarting, a registry away. */
export type RuntimeErrorKind = 'platform' | 'software' | 'missing';

export class RuntimeError extends Error {
  /**
   * `address`: an address that an instance is to have is taken. `stuck`: half a start has left it so that it can only
   * be made anew. `unclear`: a text that nobody knows, of trouble that passes or of a mistake that stays. `foreign`:
   * something of somebody else has the name; nothing was made.
   */
  reason?: 'address' | 'stuck' | 'unclear' | 'foreign';

  constructor(
    readonly kind: RuntimeErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'RuntimeError';
  }
}

/** Values of an instance's secrets. Only drivers ask, at the moment of use. */
export interface SecretReader {
  /** Variables from env files and secrets given as variables. */
  variables(spec: Pick<InstanceSpec, 'secrets' | 'envFiles'>): Promise<Record<string, string>>;
  /** Files of secrets, with the very bytes of their sources. */
  files(spec: Pick<InstanceSpec, 'secrets'>): Promise<SecretFile[]>;
}
