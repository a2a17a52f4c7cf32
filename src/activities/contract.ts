import type { NetworkSpec, VolumeSpec } from '../model/resources';
import type { FreezeWindow, Stack } from '../model/stack';
import type { AuditEntry, AuditHead, AuditTrail } from '../model/audit';
import type { RuntimeName } from '../model/runtimes';
import type { HostBreaker, HostClaim, HostPlace, HostReport } from '../model/host';
import type { ServedBy } from '../model/instance';
import type { InstanceByReference, InstanceRef, NetworkAttachment, SecretSource } from '../model/instance';
import type { PinnedImages } from '../model/images';
import type { Evidence, InstanceLine } from '../model/instance-status';
import type { Notification, Subscriber } from '../model/notification';
import type { Observation, ObservedImage } from '../model/observation';
import type { ScheduleSpec, Unattended, UnattendedEnd } from '../model/schedule';
import type { Front, RouteTable } from '../model/traffic';
import type { Findings, WatchSettings } from '../model/watch';
import type { Asked } from '../plan/asked';
import type { OpenWindow } from '../plan/freeze-windows';
import type { PastRun } from '../plan/service/job-runs';
import type { Drain, Gate, ImageRequest, Judgement, Reachable, Retirement } from '../plan/plan';

/** What every step's activity is told of where it acts. Secrets by source, never by value. */
export interface StepContext {
  runtime: RuntimeName;
  stack: string;
  environment: string;
  /** On a cluster, where it is not `<stack>-<environment>`. */
  namespace?: string;
  deployment: number;
  secrets: Record<string, SecretSource>;
  envFiles: string[];
}

export interface JoinInput {
  stack: string;
  environment: string;
  runtime: RuntimeName;
  /** Id of the deployment workflow that joins the queue. */
  workflowId: string;
  asked?: Asked;
  /** Freeze windows of the stack file. */
  windows?: FreezeWindow[];
  /** Names of the stack's hosts. */
  hosts?: string[];
  /** On a cluster, where it is not `<stack>-<environment>`. */
  namespace?: string;
}

/** `maxParallel`: deployments that all workers together take at once; absent where there is no limit. */
export interface FleetRules {
  maxParallel?: number;
}

/** `workflowId`: of the deployment. `limit`: deployments at once, as the worker says that took the claim along. */
export interface SlotClaim {
  workflowId: string;
  limit: number;
}

/** What a schedule asks for, or the watch. */
export interface AutomaticRequest {
  place: { stack: string; environment: string };
  what: Unattended;
  by: string;
  reason?: string;
  /** Asked for twice, it is one deployment. */
  requestId: string;
}

/** What is to be watched, and what is known of it. */
export interface WatchOrders {
  place: { stack: string; environment: string };
  release: number;
  /** Only what is on this host. */
  host?: string;
  /** Number of the deployment that brought it about, and when that was; in ms since the epoch. */
  deployment: number;
  committedAt: number;
  jobs: Record<string, string>;
  known: Findings;
}

/** An instance that is to be stopped and started again, as the release that runs says where it is. */
export interface RestartOrders {
  place: { stack: string; environment: string };
  instance: string;
  /** Absent where the environment is of before this was told: `runtime` alone says where then. */
  release?: number;
  host?: string;
  runtime: RuntimeName;
}

/** What is not as it was known to be. Without settings: nobody wants it watched. */
export interface WatchReport {
  findings: Findings;
  settings?: WatchSettings;
  /** Who wants to be told. */
  subscribers?: Subscriber[];
  /** How long after its deployment the release is rolled back when something is not well; in ms, 0: never. */
  windowMs?: number;
}

/** Whose trail, and in which folder of the worker; default its data folder. */
export interface AuditPlace {
  stack: string;
  environment: string;
  folder?: string;
}

/** What labels and visibility still know of an environment whose workflow is gone. */
export interface Recollection {
  deployment: number;
  release: number;
  committed?: { deployment: number; release: number };
  releases: number[];
  /** Runs of jobs that kept releases know of. */
  runs: PastRun[];
}

/** An instance that had started and does not run any more. */
export interface NotRunning {
  service: string;
  message: string;
  evidence: Evidence;
}

/** What an instance logged, and where its next lines begin. */
export interface InstanceLog {
  name: string;
  lines: string[];
  cursor: string;
  /** Why its logs cannot be read here. */
  unreadable?: string;
}

/** What an analysis found at one look. */
export interface Verdict {
  /** Limits that are broken. */
  failed: string[];
  /** Answers that there are not. */
  missing: string[];
  /** The numbers, for people. */
  seen: string[];
}

export interface HealthOptions {
  /** The platform was away in between: what it has stopped is started again. */
  afterTrouble: boolean;
}

export interface Activities {
  /** Joins the queue of an environment; resolves with what this worker knows of the fleet. */
  joinEnvironment(input: JoinInput): Promise<FleetRules>;
  /** Asks for one of the fleet's slots. */
  claimSlot(claim: SlotClaim): Promise<void>;
  /** Tells the owner of a host what is about to be taken of it; it answers with a signal. */
  claimHost(host: HostPlace, claim: HostClaim): Promise<void>;
  /** Tells the owner of a host how a deployment fared, which claims nothing any more. */
  reportHost(host: HostPlace, report: HostReport): Promise<void>;
  /** The circuit breakers of hosts by which deployments have failed, by the id of their owner. */
  readHostBreakers(ids: string[]): Promise<Record<string, HostBreaker>>;
  recallEnvironment(input: Pick<JoinInput, 'stack' | 'environment' | 'runtime' | 'namespace'>): Promise<Recollection>;
  /** Asks for a deployment on behalf of a schedule or of the watch: the id of its workflow. */
  requestDeployment(request: AutomaticRequest): Promise<string>;
  /** Ends when the deployment does. */
  awaitDeployment(workflowId: string): Promise<UnattendedEnd>;
  cancelDeployment(workflowId: string): Promise<void>;
  /**
   * Makes the schedules that come from the stack file what it says now; `before`: the names of those it may have made.
   */
  syncSchedules(context: StepContext, wanted: ScheduleSpec[], before: string[]): Promise<void>;
  /** The window of these that is open at this moment. */
  findOpenWindow(windows: FreezeWindow[]): Promise<OpenWindow | undefined>;
  /** What a kept release holds. */
  readRelease(
    place: { stack: string; environment: string },
    release: number,
  ): Promise<{ stack: Stack; images: PinnedImages }>;
  /** Whether a deployment workflow still runs. */
  isRunning(workflowId: string): Promise<boolean>;
  /** Terminates a deployment that cannot take in what it was sent; resolves with whether it still runs. */
  endIfStuck(workflowId: string, by: string): Promise<boolean>;

  /** `closely`: also what has been changed of instances since they were made. */
  observe(stack: Stack, pinned: PinnedImages, closely?: boolean): Promise<Observation>;
  pullImage(context: StepContext, image: ImageRequest, pinned?: PinnedImages[string]): Promise<ObservedImage>;
  createNetwork(context: StepContext, network: NetworkSpec): Promise<void>;
  removeNetwork(context: StepContext, name: string): Promise<void>;
  createVolume(context: StepContext, volume: VolumeSpec): Promise<void>;
  removeVolume(context: StepContext, name: string): Promise<void>;
  /**
   * Makes and starts an instance; ends when it is healthy. An exit, or failing probes, end it with evidence. A workload
   * that is there becomes what the spec says; `force` takes over what others have changed of it.
   */
  startInstance(
    context: StepContext,
    instance: InstanceByReference,
    options: HealthOptions & { force?: boolean },
  ): Promise<void>;
  /** The same for an instance that runs already. */
  awaitHealthy(context: StepContext, instance: InstanceRef, options: HealthOptions): Promise<void>;
  /** Makes a workload again what it was before a deployment; ends when it is healthy. */
  restoreInstance(context: StepContext, instance: InstanceRef, deployment: number): Promise<void>;
  /** Lets what is meant for a service go elsewhere than to its own workload; back to its own where nothing is named. */
  selectInstance(context: StepContext, instance: InstanceRef, to?: ServedBy): Promise<void>;
  createJob(context: StepContext, instance: InstanceByReference): Promise<void>;
  /** Starts a created job unless it has run already, and waits for its end. */
  runJob(context: StepContext, instance: InstanceRef, options: { timeoutMs?: number; again: boolean }): Promise<void>;
  execInInstance(context: StepContext, instance: InstanceRef, command: string[], purpose: string): Promise<void>;
  /** Stops an instance; with a drain once no request is open at it, or its time is over. */
  retireInstance(context: StepContext, instance: InstanceRef, drain?: Drain): Promise<void>;
  /** Stops instances side by side, each as {@link retireInstance} would. */
  retireInstances(context: StepContext, retirements: Retirement[]): Promise<void>;
  /** Starts a retired instance again; ends when it is healthy. */
  reviveInstance(context: StepContext, instance: InstanceRef, options: HealthOptions): Promise<void>;
  /** Starts retired instances again, one after the other; resolves with what did not get healthy, and why. */
  reviveInstances(context: StepContext, instances: InstanceRef[], options: HealthOptions): Promise<string[]>;
  removeInstance(context: StepContext, instance: InstanceRef): Promise<void>;
  /** Removes what it can; resolves with what it could not, and why. */
  removeInstances(context: StepContext, instances: InstanceRef[]): Promise<string[]>;
  /** Makes an instance known on its networks by exactly these names. Its open connections survive. */
  attachInstance(context: StepContext, instance: InstanceRef, networks: NetworkAttachment[]): Promise<void>;
  /** Sends the requests of routes elsewhere. */
  routeTraffic(context: StepContext, balancer: InstanceRef, tables: RouteTable[]): Promise<void>;
  /** Puts routes in force. What NGINX refuses changes nothing, and fails with its message. */
  configureBalancer(context: StepContext, balancer: InstanceRef, front: Front): Promise<void>;
  /** Waits until no request is open at addresses, or the time is over; resolves with how many still are. */
  drainInstance(context: StepContext, drain: Drain): Promise<number>;
  /** Runs a job against new instances, and removes it. */
  runTest(context: StepContext, instance: InstanceByReference, timeoutMs: number): Promise<void>;
  /** One look at what Prometheus says. */
  analyse(context: StepContext, judgement: Judgement): Promise<Verdict>;
  /** Ends once a gate is open. @throws SoftwareFault with evidence where it stays shut */
  passGate(context: StepContext, gate: Gate): Promise<void>;
  /**
   * Watches instances of a deployment from the moment each is healthy; resolves with the first that turns unhealthy,
   * exits or is restarted. Changes nothing.
   */
  watchInstances(context: StepContext, instances: InstanceRef[]): Promise<NotRunning & { instance: string }>;
  /**
   * The expected instances that do not run, are not healthy any more, or that a new load balancer does not reach, with
   * evidence.
   */
  confirm(
    context: StepContext,
    expected: InstanceRef[],
    reached?: { balancer: InstanceRef; targets: Reachable[] },
  ): Promise<NotRunning[]>;
  /** Keeps images of kept releases whose tags have moved. */
  holdImages(context: StepContext, releases: number[]): Promise<void>;
  /**
   * Removes images that only releases used which are kept no longer, and the engine had pulled; on the last host the
   * releases too.
   */
  pruneReleases(context: StepContext, drop: number[], keep: number[], last: boolean): Promise<void>;

  /** Adds to the audit trail; resolves with its last record then. */
  recordAudit(place: AuditPlace, entry: AuditEntry): Promise<AuditHead>;
  /** The last records, and whether the trail is whole; `known`: what is remembered of its end. */
  readAudit(place: AuditPlace, last: number, known: AuditHead | undefined): Promise<AuditTrail>;

  /** Tells a subscriber; what fails may be tried again. */
  deliver(subscriber: Subscriber, notification: Notification): Promise<void>;

  /** Looks again and again; ends as soon as something is not as it is known to be. */
  watchRelease(orders: WatchOrders): Promise<WatchReport>;
  /**
   * Stops an instance and starts it again, by its restart policy; one that is gone is left to repairs. Resolves with
   * how often its runtime had restarted it by then, for the runtime begins to count anew.
   */
  restartInstance(orders: RestartOrders): Promise<number>;

  describeInstances(stack: Stack): Promise<InstanceLine[]>;
  /** The last lines of instances; of those with a cursor what came after it. */
  readLogs(
    context: StepContext,
    instances: string[],
    tail: number,
    after: Record<string, string>,
  ): Promise<InstanceLog[]>;
  runCommand(
    context: StepContext,
    instance: string,
    command: string[],
    timeoutMs: number,
  ): Promise<{ exitCode: number; output: string }>;
}

/** Types of activity failures. Workflows look at these, never at text. */
export const failureTypes = {
  /** Docker, a registry or a host is away: retried on its own clock. */
  platform: 'PlatformTrouble',
  /** The container exits, a probe fails, the file names something that is not there: fails fast. */
  software: 'SoftwareFault',
  /** A job may or may not have run: a person decides. */
  unknownOutcome: 'JobOutcomeUnknown',
  /** A defect of the engine. */
  unexpected: 'UnexpectedError',
} as const;

export type FailureType = (typeof failureTypes)[keyof typeof failureTypes];

/** Second detail of a failure: nothing of the step has happened, and nothing is to be undone. */
export const notMade = 'not made';

/** First detail of a failure. */
export type FailureDetails = Evidence;
