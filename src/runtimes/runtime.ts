import type { OpenCommand, OpenCommandOptions } from './open-command';
import type { NetworkSpec, VolumeSpec } from '../model/resources';
import type { RuntimeName } from '../model/runtimes';
import type {
  InstanceRef,
  InstanceSpec,
  NetworkAttachment,
  SecretFile,
  SecretMount,
  ServedBy,
} from '../model/instance';
import type { Front, RouteTable, TrafficState } from '../model/traffic';
import type { InstanceLine, InstanceStatus } from '../model/instance-status';
import type { ImageRequest } from '../model/images';
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
  /** Names of containers outside the stack that are to be looked for. */
  containers?: string[];
  /** Whether to ask about each instance by itself: what has been changed of it since it was made. */
  closely?: boolean;
  /** Whether to tell at which address the worker reaches each instance, where that takes no call of its own. */
  addresses?: boolean;
  /** Whether the stack comes in by a Gateway. */
  gateway?: boolean;
  /** Whether the version of the engine's API is wanted. */
  api?: boolean;
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
  /** At most 256 KiB of what it wrote. */
  output: string;
  /** There was more output. */
  isCut?: boolean;
}

/** Which log lines are wanted by their time; only for runtimes that keep it ({@link RuntimeTraits.logTimes}). */
export interface LogTimes {
  /** In ms since the epoch. */
  since?: number;
  until?: number;
  /** Whether each line begins with its time and a space. */
  shown?: boolean;
}

export interface LogRequest extends LogTimes {
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

/** Makes the mounts of the certificate that a load balancer for these names starts with. */
export type Certify = (hosts: readonly string[]) => Promise<SecretMount[]>;

/** A load balancer that runs. */
export interface Balancer {
  read(): Promise<TrafficState>;
  route(tables: RouteTable[]): Promise<void>;
  configure(front: Front, certify: Certify): Promise<void>;
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

/** Image operations of a platform whose images the engine pulls. */
export interface Images {
  find(references: string[]): Promise<ObservedImage[]>;
  ensure(image: ImageRequest, onProgress: (text: string) => void, signal?: AbortSignal): Promise<ImageResult>;
  /** Tags an image with a name of the engine's own, so that it outlives its tag and a clean-up of the host. */
  hold(id: string, why: HoldReason): Promise<void>;
  /** Removes that tag, and the image too if the engine pulled it and nothing else uses it. */
  drop(image: Pick<ObservedImage, 'reference' | 'id' | 'digest'>): Promise<void>;
}

/** Network operations of a platform whose instances have names on networks that the engine creates. */
export interface Networks {
  /** @throws RuntimeError if the name belongs to somebody else, or the network has other settings */
  create(request: NetworkSpec): Promise<void>;
  remove(name: string): Promise<void>;
  /** Gives an instance exactly these names on networks, and joins the networks that it is not on. */
  attach(name: string, networks: NetworkAttachment[]): Promise<void>;
  /** Takes an instance off a network; does nothing if it is not on it. */
  detach?(name: string, network: string): Promise<void>;
  /**
   * Gives an instance a new address if the platform gave it the address of another one; resolves with whether it did.
   * `port`: a port at which the instance did not answer.
   */
  ensureOwnAddress?(name: string, port?: number): Promise<boolean>;
}

export interface Volumes {
  /** @throws RuntimeError if the name belongs to somebody else */
  create(request: VolumeSpec): Promise<void>;
  /** @throws RuntimeError while an instance mounts it, and if it belongs to somebody else */
  remove(name: string): Promise<void>;
  /** The volumes among these that the engine did not create. */
  adopted(names: readonly string[]): Promise<string[]>;
}

/** Operations of a platform on which a service is one workload, whose pods the platform manages. */
export interface WorkloadRunner {
  /** Creates or changes the workload; `force` also overwrites changes that others made. */
  apply(spec: InstanceSpec, force: boolean): Promise<void>;
  /** Restores the workload to its state before a deployment; a workload that it did not touch stays as it is. */
  restore(ref: Pick<InstanceRef, 'name' | 'stopGraceMs'>, deployment: number): Promise<void>;
  /** Sends the requests for a service to other pods for a while; without `to`, back to its own workload. */
  select(name: string, to: ServedBy | undefined): Promise<void>;
  /** The answer of one of its pods to a GET. `url`: scheme, port and path, under the name of the service. */
  ask(name: string, url: URL, timeoutMs: number): Promise<string>;
  pods(name: string): Promise<PodLine[]>;
  /** Resolves when the workload is ready, or with the reason why it cannot become ready. */
  awaitReady(ref: InstanceRef, options: ReadyOptions): Promise<Unready | undefined>;
}

/** Reads instances. */
export interface Inspector {
  observe(questions: Questions): Promise<Omit<Observation, 'secrets'>>;
  inspect(name: string): Promise<InstanceStatus | undefined>;
  /** Resolves with the exit code when the instance exits; undefined if it did not run, or the code is unknown. */
  waitForExit(name: string, signal: AbortSignal): Promise<number | undefined>;
  /** Exit code of the next exit, even before the start; for platforms that forget it when they restart an instance. */
  nextExit?(name: string, signal: AbortSignal): Promise<number | undefined>;
  /** Exit code of the last exit of an instance that runs again, where the platform keeps it. */
  lastExit?(name: string): Promise<number | undefined>;
  /** Whether an instance that has ended did so by itself; undefined if the platform does not know any more. */
  endedByItself?(name: string): Promise<boolean | undefined>;
  /** Whether any process of the instance was recently killed because memory ran out. */
  ranOutOfMemory?(name: string): Promise<boolean>;
  /**
   * True: the platform restarts every exit of an instance with the policy `always`, so that one seen as `exited` was
   * stopped by something else.
   */
  restartsWhatExits?: boolean;
  logs(name: string, request: LogRequest): Promise<LogPage>;
  exec(name: string, command: string[], timeoutMs: number): Promise<ExecResult>;
  /**
   * Starts a command that gets input while it runs.
   * @throws RuntimeError of kind `software` for a terminal, if the platform has none
   */
  openCommand(name: string, command: string[], options: OpenCommandOptions): Promise<OpenCommand>;
  /** `exec` for probes: never two at a time in one instance. Absent where `exec` leaves no process behind. */
  probeByCommand?(name: string, command: string[], timeoutMs: number): Promise<ExecResult>;
  /** The platform's own verdict, where the worker cannot reach instances: the problem, or undefined. */
  probe?(name: string): Promise<string | undefined>;
  /** Address at which the worker reaches a port of the instance; absent where it cannot. */
  address?(name: string, port: number): Promise<{ host: string; port: number }>;
}

/** Changes instances; a workload counts as one instance. */
export interface InstanceRunner {
  /** Creates an instance without starting it. */
  create(spec: InstanceSpec): Promise<void>;
  /** Starts an instance that was created or has exited. */
  start(name: string): Promise<void>;
  /** Stops an instance so that only `revive` starts it again. */
  retire(ref: InstanceRef): Promise<void>;
  /** Restores the restart policy of a retired instance, and starts it. */
  revive(ref: InstanceRef): Promise<void>;
  /** Stops the instance first if it runs. Keeps volumes. */
  remove(ref: Pick<InstanceRef, 'name' | 'stopGraceMs'>): Promise<void>;
  /** Replaces secret files of a running instance; absent where secrets are fixed when an instance is created. */
  putSecrets?(name: string, secrets: SecretMount[]): Promise<void>;
}

/** A platform that runs instances. One contract suite holds every driver to its capabilities. */
export interface RuntimeDriver {
  readonly name: RuntimeName;
  /** Keys of a service that it cannot honour. */
  readonly cannotHonour: readonly string[];
  /** The platform as one environment sees it. */
  within(scope: Scope): Runtime;
}

/**
 * The platform as one environment sees it: two parts that every driver has, and capabilities that some have. It stops,
 * removes, executes in and mounts only what carries the labels of this stack and environment; anything else of the
 * same name counts as missing. Each driver enforces that in one place.
 *
 * Every call may be repeated, also while an earlier one still runs: an instance that exists with the right hash is a
 * success, and so is the removal of a missing one. Failures are {@link RuntimeError}s.
 */
export interface Runtime extends Inspector, InstanceRunner {
  readonly name: RuntimeName;
  images?: Images;
  networks?: Networks;
  volumes?: Volumes;
  workloads?: WorkloadRunner;
  /** The load balancer of a runtime whose instances have no shell. */
  balancer?(name: string): Balancer;
}

/** @throws RuntimeError of kind `software`, if the runtime has no such capability */
export function capability<Name extends 'images' | 'networks' | 'volumes' | 'workloads' | 'address' | 'putSecrets'>(
  runtime: Runtime,
  name: Name,
): NonNullable<Runtime[Name]> {
  const found = runtime[name];
  if (!found) throw new RuntimeError('software', `the runtime ${runtime.name} has no ${name}`);
  return found;
}

/** Whose trouble a failure is. `platform` passes by itself: Docker restarting, a registry away. */
export type RuntimeErrorKind = 'platform' | 'software' | 'missing';

export class RuntimeError extends Error {
  /**
   * `address`: an address that an instance is to have is taken. `stuck`: half a start has left it so that it can only
   * be made anew. `unclear`: a text that nobody knows, of trouble that passes or of a mistake that stays. `foreign`:
   * something of somebody else has the name; nothing was made. `denied`: a registry wants another login.
   */
  reason?: 'address' | 'stuck' | 'unclear' | 'foreign' | 'denied';

  constructor(
    readonly kind: RuntimeErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'RuntimeError';
  }
}

/** A user and password of an image registry. */
export interface RegistryLogin {
  user: string;
  password: string;
}

/** The logins of the installation at image registries, as they are now. */
export interface RegistryLogins {
  /**
   * The login at a registry, by its one spelling; undefined if there is none.
   * @throws RuntimeError if it cannot be read or opened
   */
  at(registry: string): Promise<RegistryLogin | undefined>;
}

/** Values of an instance's secrets. Only drivers ask, at the moment of use. */
export interface SecretReader {
  /** Variables from env files and secrets given as variables. */
  variables(spec: Pick<InstanceSpec, 'secrets' | 'envFiles'>): Promise<Record<string, string>>;
  /** Values of secrets that texts refer to, by name. */
  texts(spec: Pick<InstanceSpec, 'secrets'>): Promise<Record<string, string>>;
  /** Files of secrets, with the very bytes of their sources. */
  files(spec: Pick<InstanceSpec, 'secrets'>): Promise<SecretFile[]>;
}
