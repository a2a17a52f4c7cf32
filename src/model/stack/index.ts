import type { DriverOptions, NetworkOptions } from '../resources';
import type {
  BindOptions,
  ClusterSettings,
  ContainerOptions,
  FileTarget,
  HealthCheck,
  ImageMount,
  IngressRoute,
  InstanceKind,
  NetworkAttachment,
  NetworkMode,
  Probe,
  Protocol,
  ResourceAmounts,
  SecretSource,
  VolumeOptions,
} from '../instance';
import type { Role } from '../access';
import type { RuntimeName } from '../runtimes';
import type { ScheduleSpec } from '../schedule';
import type { Trigger } from '../hooks';
import type { Subscriber } from '../notification';
import type { Front } from '../traffic';
import type { WatchSettings } from '../watch';

/** A validated stack file: plain data, every default filled in, no secret value. Durations in ms, sizes in bytes. */
export interface Stack {
  name: string;
  version: string;
  environment: string;
  dryRun: boolean;
  runtime: RuntimeName;
  infrastructure: {
    networkMode: 'bridge' | 'host';
    cidr?: string;
    portRange: PortRange;
    dataDir?: string;
    cluster?: Omit<ClusterSettings, 'isolated'>;
  };
  /** Docker Engines and clusters to choose from; absent: the worker's default host. */
  hosts?: StackHost[];
  /** In a kept release: the host of each service. */
  placement?: Placement;
  /** In the portion of one host: services that services on other hosts depend on. */
  awaitedElsewhere?: string[];
  deployment: DeploymentSettings;
  networks: Record<string, StackNetwork>;
  volumes: Record<string, StackVolume>;
  configs: Record<string, { content: string }>;
  secrets: Record<string, SecretSource>;
  services: Record<string, Service>;
  /** Absent in releases of 0.1. */
  schedules?: ScheduleSpec[];
  /** Subscribers to its events; absent if there are none. */
  subscribers?: Subscriber[];
  /** Requests from outside that make it deploy; absent if there are none. */
  triggers?: Trigger[];
  /** Settings of the watch between deployments; absent if it is off, and in releases of 0.1. */
  watch?: WatchSettings;
  /** Routes of the load balancer (the service `load-balancer`); absent if nothing is exposed. */
  front?: Front;
  /** What it asks of the engine itself; absent if that is nothing. */
  security?: StackSecurity;
  /** URL of Prometheus. */
  prometheus?: string;
  /** Values of `--set`, for the release's record. */
  variables: Record<string, string>;
}

/** What a stack asks of the engine itself. */
export interface StackSecurity {
  /** Its environment takes requests only with a statement of a server. */
  auth?: true;
  /** With `auth`: only subjects with one of these roles; absent: the role that each request needs. */
  roles?: Role[];
  /** With `auth`: only these subjects deploy; absent: everybody with a role for it. */
  deployers?: string[];
  /** With `auth`: whoever requests a deployment does not approve it. */
  fourEyes?: true;
  /** Connections of the engine about this stack have TLS. */
  tls?: true;
}

/** A Docker Engine or a cluster that instances may run on. Its worker knows how to connect to it. */
export interface StackHost {
  name: string;
  /** Set if it differs from the stack's. */
  runtime?: RuntimeName;
  /** The address other hosts reach it at. */
  address?: string;
  zone?: string;
  /** Limits on reservations; an absent amount means all of it. */
  capacity: ResourceAmounts;
}

/** The host of each service, by name. */
export type Placement = Record<string, string>;

export interface PortRange {
  from: number;
  to: number;
}

export interface DeploymentSettings {
  strategy: 'sequential' | 'parallel';
  maxParallel: number;
  timeoutMs: number;
  rollbackOnFailure: boolean;
  platformTimeoutMs: number;
  keepReleases: number;
  /** Absent in releases of 0.1, as are the windows. */
  circuitBreaker?: BreakerSettings;
  freezeWindows?: FreezeWindow[];
  /** How long a failed deployment waits for a person before it rolls back; absent if it does not wait. */
  waitOnFailureMs?: number;
  /** 0: no automatic rollback after the commit. */
  watchWindowMs?: number;
}

export interface BreakerSettings {
  /** Consecutive failed deployments that open it; 0: it never opens. */
  threshold: number;
  /** Time until one automatic deployment may try again. */
  recoveryMs: number;
}

/** A part of every week in which no deployment starts. */
export interface FreezeWindow {
  /** Minutes since Monday 00:00. A window with `to` before `from` spans the end of the week. */
  from: number;
  to: number;
  timeZone: string;
  /** The window as written in the stack file. */
  text: string;
  /** Refuse requests instead of queueing them. */
  refuse: boolean;
}

export interface StackNetwork extends NetworkOptions {
  name?: string;
  cidr?: string;
  external: boolean;
  internal: boolean;
}

export interface StackVolume extends DriverOptions {
  name?: string;
  external: boolean;
  shared: boolean;
  /** On a cluster: size in bytes, and storage class. */
  size?: number;
  storageClass?: string;
  driver?: string;
  labels?: Record<string, string>;
}

export type PullPolicy = 'missing' | 'always' | 'never';
export type DependencyCondition = 'started' | 'healthy' | 'completed';
export type RunPolicy = 'always' | 'on_change' | 'manual';
export type OnRollback = 'keep' | 'refuse' | { command: string[] };

/** `published` is one port, or a range to allocate from; default: the stack's range. */
export interface ServicePort {
  container: number;
  published?: PortRange;
  hostIp?: string;
  protocol: Protocol;
}

export type VolumeMount = {
  type: 'volume';
  volume: string;
  target: string;
  readOnly: boolean;
  perReplica?: true;
  /** In a plan only: the image declares it, not the file. By ordinal: the volume that the instance has now. */
  ofImage?: Record<number, string>;
} & VolumeOptions;

export type ServiceMount =
  | VolumeMount
  | ({ type: 'bind'; source: string; target: string; readOnly: boolean; relative: boolean } & BindOptions)
  | ImageMount;

export interface Approval {
  timeoutMs: number;
  /** The answer after the timeout. */
  otherwise: 'approve' | 'reject';
}

/** A Prometheus query and the limits of its value. */
export interface Check {
  name: string;
  query: string;
  baseline?: string;
  min?: number;
  max?: number;
  maxRatio?: number;
  maxDifference?: number;
}

export interface Analysis {
  intervalMs: number;
  checks: Check[];
  samples?: { query: string; min: number };
  withoutAnswer: 'fail' | 'pass' | 'ask';
}

export interface SmokeTest {
  command: string[];
  image?: string;
  timeoutMs: number;
}

/** How instances are replaced, with every default filled in. */
export type ServiceStrategy =
  | { kind: 'recreate' }
  | { kind: 'rolling'; maxSurge: number; maxUnavailable: number; minHealthyMs: number }
  | { kind: 'blue_green'; smokeTest?: SmokeTest; approval?: Approval; keepOldMs: number }
  | { kind: 'canary'; steps: { weight: number; bakeMs: number; approval?: Approval }[]; analysis?: Analysis };

export interface Service extends ContainerOptions {
  name: string;
  /** Set if it differs from the stack's. */
  runtime?: RuntimeName;
  kind: InstanceKind;
  image?: string;
  pullPolicy: PullPolicy;
  /** With the policy `always`: the registry is asked again after this time only. */
  pullAfterMs?: number;
  ports: ServicePort[];
  mounts: ServiceMount[];
  /**
   * Volumes that only the image declares: kept for the next instance, or new and empty for each. Absent: kept, unless
   * the strategy runs two instances side by side.
   */
  imageVolumes?: 'keep' | 'new';
  configs: ({ name: string } & FileTarget)[];
  networks: Record<string, Omit<NetworkAttachment, 'name'>>;
  /** Set if it differs from the stack's; then it joins no network of the stack. */
  networkMode?: Exclude<NetworkMode, 'bridge'>;
  dependsOn: Record<string, DependencyCondition>;
  /** Dependencies whose replacement or restart restarts this service too. */
  restartsWith?: string[];
  replicas: number;
  /** On a cluster: the file sets no replicas, so that an autoscaler can. */
  autoscaled?: true;
  phase?: number;
  /** A plain string in releases of 0.1. */
  strategy: ServiceStrategy | 'recreate';
  drainMs?: number;
  hooks: { postStart?: string[]; preStop?: string[] };
  onFailure: 'rollback' | 'continue';
  /** A service whose instances may end: with exit code 0 they have completed. */
  mayComplete?: true;
  /** On a cluster: ingress routes for requests from outside. */
  ingress?: IngressRoute[];
  /** Zone of the host, or of the cluster nodes, to run on. */
  zone?: string;
  host?: string;
  /** Jobs only. */
  run: RunPolicy;
  timeoutMs?: number;
  onRollback: OnRollback;
}

export type { HealthCheck, Probe };
