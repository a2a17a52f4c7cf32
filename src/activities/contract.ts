import type { LogTimes } from '../runtimes/runtime';
import type { SessionRequest } from '../model/session';
import type { NetworkSpec, VolumeSpec } from '../model/resources';
import type { FreezeWindow, Stack } from '../model/stack';
import type { CertificateKeys, CertificateWish, IssuedCertificate, OrderOutcome } from '../model/certificates';
import type { AuditEntry, AuditHead, AuditTrail } from '../model/audit';
import type { RuntimeName } from '../model/runtimes';
import type { HostBreaker, HostClaim, HostPlace, HostReport } from '../model/host';
import type {
  InstanceByReference,
  InstanceRef,
  NetworkAttachment,
  SealingKey,
  SecretMount,
  SecretSource,
  ServedBy,
} from '../model/instance';
import type { ImageRequest, PinnedImages } from '../model/images';
import type { Evidence, InstanceLine } from '../model/instance-status';
import type { HookDelivery, HookVerdict } from '../model/hooks';
import type { Notification, Subscriber } from '../model/notification';
import type { Observation, ObservedImage } from '../model/observation';
import type { ScheduleSpec, Unattended, UnattendedEnd } from '../model/schedule';
import type {
  AutomaticCertificate,
  Front,
  RouteClaim,
  RouteSettlement,
  RouteTable,
  SharedRoutes,
} from '../model/traffic';
import type { Findings, WatchSettings } from '../model/watch';
import type { Asked } from '../plan/asked';
import type { OpenWindow } from '../plan/freeze-windows';
import type { PastRun } from '../plan/service/job-runs';
import type { Drain, Gate, Judgement, Reachable, Retirement } from '../plan/plan';
import type { TakenRoute } from '../plan/traffic/shared-routes';

/** Where the activity of a step acts. Secrets are given by source, never by value. */
export interface StepContext {
  runtime: RuntimeName;
  stack: string;
  environment: string;
  /** On a cluster; absent: `<stack>-<environment>`. */
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
  /** On a cluster; absent: `<stack>-<environment>`. */
  namespace?: string;
  /** The stack has `security.auth`. */
  auth?: boolean;
}

/** A signal or an update to judge. */
export interface MessageToAdmit {
  name: string;
  isUpdate: boolean;
  /** SHA-256 of the text of the request. */
  digest: string;
  statement?: string;
}

/** `id` of the statement that permits the message, and when it expires (ms since the epoch); or why it is refused. */
export interface Admission {
  id?: string;
  until?: number;
  refused?: string;
}

export interface FleetRules {
  /** Deployments that may run at the same time on all workers together; absent: no limit. */
  maxParallel?: number;
  /** The worker encrypts payloads: nothing that was deployed may stand elsewhere in a history. */
  encrypted?: boolean;
  /** The deployment had to have a statement of a server, and so must messages to it. */
  statements?: boolean;
  /** The worker seals the release that the deployment keeps. */
  seals?: boolean;
  /** The worker's policy demands statements for its environment, whatever the stack says. */
  policed?: boolean;
}

/** `workflowId`: of the deployment. `limit`: parallel deployments that the worker which placed the claim allows. */
export interface SlotClaim {
  workflowId: string;
  limit: number;
}

/** A deployment that a schedule or the watch requests. */
export interface AutomaticRequest {
  place: { stack: string; environment: string };
  what: Unattended;
  by: string;
  reason?: string;
  /** Idempotency key: two requests with the same id start one deployment. */
  requestId: string;
}

/** The release to watch, and the findings so far. */
export interface WatchOrders {
  place: { stack: string; environment: string };
  release: number;
  /** Limits the watch to this host. */
  host?: string;
  /** Number of the deployment that created the release, and the time of its commit; in ms since the epoch. */
  deployment: number;
  committedAt: number;
  jobs: Record<string, string>;
  known: Findings;
}

/** An instance to restart. `release` and `host` tell where it runs. */
export interface RestartOrders {
  place: { stack: string; environment: string };
  instance: string;
  /** Absent in requests of earlier versions: `runtime` alone tells where it runs then. */
  release?: number;
  host?: string;
  runtime: RuntimeName;
}

/** Findings that differ from the known ones. Without `settings` the release is not to be watched. */
export interface WatchReport {
  findings: Findings;
  settings?: WatchSettings;
  /** Subscribers to notify. */
  subscribers?: Subscriber[];
  /** Time after the commit during which an unhealthy release is rolled back; in ms, 0: never. */
  windowMs?: number;
}

/** The environment of a trail. `folder`: of the worker; default its data folder. */
export interface AuditPlace {
  stack: string;
  environment: string;
  folder?: string;
}

/**
 * State of an environment whose workflow no longer exists, as recovered from labels and Temporal's visibility store.
 */
export interface Recollection {
  /** The highest number of a deployment that has left a trace: instances, or its workflow. */
  deployment: number;
  release: number;
  /** The newest deployment that has instances. */
  committed?: { deployment: number; release: number };
  releases: number[];
  /** Runs of jobs that kept releases have recorded. */
  runs: PastRun[];
}

/** The names, the CA and the keys of a certificate to order. */
export interface CertificateOrderInput {
  place: { stack: string; environment: string };
  wish: CertificateWish;
  keys: CertificateKeys;
}

/** Why the shared load balancer cannot serve a port. */
export interface PortProblem {
  port: number;
  message: string;
}

/** An instance that had started and no longer runs. */
export interface NotRunning {
  service: string;
  message: string;
  evidence: Evidence;
  /** It has ended as it may. */
  completed?: true;
}

export type { LogTimes };

/** Log lines of an instance. `cursor`: where the next lines begin. */
export interface InstanceLog {
  name: string;
  /** Set by the workflow, which knows the instances. */
  service?: string;
  ordinal?: number;
  lines: string[];
  cursor: string;
  /** Why its logs cannot be read; absent when they can. */
  unreadable?: string;
}

/** The result of one round of checks of an analysis. */
export interface Verdict {
  /** Limits that were exceeded. */
  failed: string[];
  /** Checks that gave no value. */
  missing: string[];
  /** The measured values, for display. */
  seen: string[];
}

export interface HealthOptions {
  /** The platform was unavailable in the meantime: start the instances that it stopped. */
  afterTrouble: boolean;
}

/** A watch for which failed health checks do not count. `started`: names of the instances that were healthy before. */
export interface DeathsOnly {
  started: string[];
}

export interface Activities {
  /** Joins the queue of an environment; resolves with this worker's fleet rules. */
  joinEnvironment(input: JoinInput): Promise<FleetRules>;
  /** The seal of a release that a deployment keeps; `digest`: of its text. */
  sealRelease(place: AuditPlace, digest: string): Promise<string>;
  /** Judges a message to the workflow that asks, by its statement of a server. */
  admitRequest(message: MessageToAdmit): Promise<Admission>;
  /** Asks for one of the fleet's slots. */
  claimSlot(claim: SlotClaim): Promise<void>;
  /** Reserves capacity with the owner of a host, which answers with a signal. */
  claimHost(host: HostPlace, claim: HostClaim): Promise<void>;
  /** Reports the outcome of a deployment to the owner of a host, and releases its claim. */
  reportHost(host: HostPlace, report: HostReport): Promise<void>;
  /** Circuit breakers of hosts on which deployments have failed, by the id of the host's owner. */
  readHostBreakers(ids: string[]): Promise<Record<string, HostBreaker>>;
  /**
   * Claims routes at the shared load balancer of a host; resolves once it serves them, or with what prevents that.
   */
  claimRoutes(host: HostPlace, claim: RouteClaim): Promise<{ taken: TakenRoute[]; problem?: string }>;
  /** Ends a claim of routes; resolves with the reason if the shared load balancer does not serve the routes yet. */
  settleRoutes(host: HostPlace, settlement: RouteSettlement): Promise<string | undefined>;
  /**
   * Brings the shared load balancer of a host into line; resolves with what prevents that, by port. `former`: ports
   * that it may have published before.
   */
  applySharedBalancer(host: HostPlace, all: SharedRoutes[], former: number[]): Promise<PortProblem[]>;
  /** Tells the workflow of an environment's certificate what its load balancer needs; undefined: none any more. */
  wishCertificate(place: { stack: string; environment: string }, wished?: AutomaticCertificate): Promise<void>;
  /** Makes the sealed keys of an order; `account`: the sealed key of the account, if there is one. */
  makeCertificateKeys(place: { stack: string; environment: string }, account?: string): Promise<CertificateKeys>;
  /** Orders a certificate; resolves with it, or with what the CA refused. */
  orderCertificate(order: CertificateOrderInput): Promise<OrderOutcome>;
  /**
   * Lets every load balancer of an environment serve a certificate; resolves with false if the key of the engine that
   * it was sealed with is gone.
   */
  serveCertificate(place: { stack: string; environment: string }, issued: IssuedCertificate): Promise<boolean>;
  /** Watches the shared load balancer; resolves when it is no longer in line. */
  watchSharedBalancer(host: HostPlace, all: SharedRoutes[]): Promise<void>;
  recallEnvironment(input: Pick<JoinInput, 'stack' | 'environment' | 'runtime' | 'namespace'>): Promise<Recollection>;
  /** Requests a deployment on behalf of a schedule or the watch; resolves with the id of its workflow. */
  requestDeployment(request: AutomaticRequest): Promise<string>;
  /** Resolves when the deployment has ended. */
  awaitDeployment(workflowId: string): Promise<UnattendedEnd>;
  /** `by`: default the schedule. */
  cancelDeployment(workflowId: string, by?: string): Promise<void>;
  /**
   * Creates, updates and deletes the schedules of the stack file; `before`: names that an earlier sync may have
   * created.
   */
  syncSchedules(context: StepContext, wanted: ScheduleSpec[], before: string[]): Promise<void>;
  /** The freeze window that is open now; undefined if none is. */
  findOpenWindow(windows: FreezeWindow[]): Promise<OpenWindow | undefined>;
  /** Reads a kept release. */
  readRelease(
    place: { stack: string; environment: string },
    release: number,
  ): Promise<{ stack: Stack; images: PinnedImages }>;
  /** True while the deployment workflow runs. */
  isRunning(workflowId: string): Promise<boolean>;
  /** Terminates a deployment that cannot process its signals; resolves with whether it still runs. */
  endIfStuck(workflowId: string, by: string): Promise<boolean>;

  /** `closely`: also detects changes made to instances since they were created. */
  observe(stack: Stack, pinned: PinnedImages, closely?: boolean): Promise<Observation>;
  pullImage(context: StepContext, image: ImageRequest, pinned?: PinnedImages[string]): Promise<ObservedImage>;
  createNetwork(context: StepContext, network: NetworkSpec): Promise<void>;
  removeNetwork(context: StepContext, name: string): Promise<void>;
  createVolume(context: StepContext, volume: VolumeSpec): Promise<void>;
  removeVolume(context: StepContext, name: string): Promise<void>;
  /**
   * Creates and starts an instance; resolves when it is healthy. An exit or failing probes end it with evidence. An
   * existing workload is updated to the spec; `force` takes over fields that others have changed.
   */
  startInstance(
    context: StepContext,
    instance: InstanceByReference,
    options: HealthOptions & { force?: boolean },
  ): Promise<void>;
  /** The same for an instance that already runs. */
  awaitHealthy(context: StepContext, instance: InstanceRef, options: HealthOptions): Promise<void>;
  /** Restores a workload to its state before a deployment; resolves when it is healthy. */
  restoreInstance(context: StepContext, instance: InstanceRef, deployment: number): Promise<void>;
  /** Points the Kubernetes Service and routes of an instance at another workload; at its own if `to` is absent. */
  selectInstance(context: StepContext, instance: InstanceRef, to?: ServedBy): Promise<void>;
  createJob(context: StepContext, instance: InstanceByReference): Promise<void>;
  /** Starts a created job unless it has already run, and waits for its end. */
  runJob(context: StepContext, instance: InstanceRef, options: { timeoutMs?: number; again: boolean }): Promise<void>;
  /** Runs a command that must exit 0. `secrets`: those that its words refer to. */
  execInInstance(
    context: StepContext,
    instance: InstanceRef,
    command: string[],
    purpose: string,
    secrets?: SecretMount[],
  ): Promise<void>;
  /** Stops an instance; with a drain, once no request is open or the drain's timeout is over. */
  retireInstance(context: StepContext, instance: InstanceRef, drain?: Drain): Promise<void>;
  /** Stops instances in parallel, each like {@link retireInstance}. */
  retireInstances(context: StepContext, retirements: Retirement[]): Promise<void>;
  /** Starts a retired instance again; resolves when it is healthy. */
  reviveInstance(context: StepContext, instance: InstanceRef, options: HealthOptions): Promise<void>;
  /**
   * Starts retired instances again, one after the other; resolves with a message for each that did not become healthy.
   */
  reviveInstances(context: StepContext, instances: InstanceRef[], options: HealthOptions): Promise<string[]>;
  removeInstance(context: StepContext, instance: InstanceRef): Promise<void>;
  /** Removes instances; resolves with a message for each that could not be removed. */
  removeInstances(context: StepContext, instances: InstanceRef[]): Promise<string[]>;
  /** Gives an instance exactly these names on its networks. Its open connections survive. */
  attachInstance(context: StepContext, instance: InstanceRef, networks: NetworkAttachment[]): Promise<void>;
  /** Changes the targets of routes. */
  routeTraffic(context: StepContext, balancer: InstanceRef, tables: RouteTable[]): Promise<void>;
  /**
   * Applies a configuration of the load balancer. If NGINX rejects it, nothing changes and its message is the error.
   */
  configureBalancer(context: StepContext, balancer: InstanceRef, front: Front): Promise<void>;
  /** Waits until no request to the addresses is open, or the timeout is over; resolves with the number still open. */
  drainInstance(context: StepContext, drain: Drain): Promise<number>;
  /** Runs a job against new instances, and removes it. */
  runTest(context: StepContext, instance: InstanceByReference, timeoutMs: number): Promise<void>;
  /** Runs all checks of an analysis once. */
  analyse(context: StepContext, judgement: Judgement): Promise<Verdict>;
  /** Resolves when the gate is open. @throws SoftwareFault with evidence if it stays shut */
  passGate(context: StepContext, gate: Gate): Promise<void>;
  /**
   * Watches instances of a deployment, each from the moment it is healthy; resolves with the first that becomes
   * unhealthy, exits or is restarted. Changes nothing.
   */
  watchInstances(
    context: StepContext,
    instances: InstanceRef[],
    deathsOnly?: DeathsOnly,
  ): Promise<NotRunning & { instance: string }>;
  /**
   * The expected instances that do not run, are no longer healthy, or cannot be reached by a new load balancer, with
   * evidence.
   */
  confirm(
    context: StepContext,
    expected: InstanceRef[],
    reached?: { balancer: InstanceRef; targets: Reachable[] },
  ): Promise<NotRunning[]>;
  /** Tags images of kept releases whose own tags have moved, so that they are not pruned. */
  holdImages(context: StepContext, releases: number[]): Promise<void>;
  /** Removes images that the engine pulled and that only dropped releases use; on the last host also the releases. */
  pruneReleases(context: StepContext, drop: number[], keep: number[], last: boolean): Promise<void>;

  /** Appends to the audit trail; resolves with its last record. */
  recordAudit(place: AuditPlace, entry: AuditEntry): Promise<AuditHead>;
  /**
   * The last records, those before the number `before` if there is one, and whether the trail is intact; `known`: the
   * last record as the environment remembers it.
   */
  readAudit(place: AuditPlace, last: number, known: AuditHead | undefined, before?: number): Promise<AuditTrail>;

  /** Verifies a request to a trigger of a kept release, and tells what it asks for. */
  readHook(
    place: { stack: string; environment: string },
    release: number,
    trigger: string,
    delivery: HookDelivery,
  ): Promise<HookVerdict>;

  /** What clients seal values with. */
  sealingKey(): Promise<SealingKey>;
  /** Seals stored secrets of the environment anew, by name; resolves with those that a former key had sealed. */
  resealSecrets(sealed: Record<string, string>): Promise<Record<string, string>>;
  /** The same for logins, by registry. */
  resealLogins(sealed: Record<string, string>): Promise<Record<string, string>>;
  /** Tells an environment the ciphertexts under the current key, by name. */
  passResealed(place: AuditPlace, secrets: Record<string, { before: string; after: string }>): Promise<void>;

  /** Delivers a notification to a subscriber; failures may be retried. */
  deliver(subscriber: Subscriber, notification: Notification): Promise<void>;

  /** Observes periodically; resolves as soon as the findings differ from the known ones. */
  watchRelease(orders: WatchOrders): Promise<WatchReport>;
  /**
   * Restarts an instance; a missing one is left to repairs. Resolves with its restart count before the restart, because
   * the runtime then counts from zero again.
   */
  restartInstance(orders: RestartOrders): Promise<number>;

  describeInstances(stack: Stack): Promise<InstanceLine[]>;
  /** The last log lines of instances; for those with a cursor, the lines after it. */
  readLogs(
    context: StepContext,
    instances: string[],
    tail: number,
    after: Record<string, string>,
    times?: LogTimes,
  ): Promise<InstanceLog[]>;
  runCommand(
    context: StepContext,
    instance: string,
    command: string[],
    timeoutMs: number,
  ): Promise<{ exitCode: number; output: string }>;
  /** Runs a command whose input and output pass through the workflow meanwhile; resolves with the exit code. */
  converse(context: StepContext, instance: string, command: string[], session: SessionRequest): Promise<number>;
}

/** Types of activity failures. Workflows check these, never the text. */
export const failureTypes = {
  /** Docker, a registry or a host is unavailable: retried on a clock of its own. */
  platform: 'PlatformTrouble',
  /** The container exits, a probe fails, or the stack file names something that does not exist: fails fast. */
  software: 'SoftwareFault',
  /** A job may or may not have run: a person has to decide. */
  unknownOutcome: 'JobOutcomeUnknown',
  /** A defect of the engine. */
  unexpected: 'UnexpectedError',
} as const;

export type FailureType = (typeof failureTypes)[keyof typeof failureTypes];

/** Second detail of a failure: the step had no effect, so there is nothing to undo. */
export const notMade = 'not made';

/** First detail of a failure. */
export type FailureDetails = Evidence;
