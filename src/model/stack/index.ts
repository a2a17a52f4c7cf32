import type {
  ClusterSettings,
  ContainerOptions,
  FileTarget,
  HealthCheck,
  IngressRoute,
  InstanceKind,
  Probe,
  ResourceAmounts,
  SecretSource,
} from '../instance';
import type { RuntimeName } from '../runtimes';
import type { ScheduleSpec } from '../schedule';
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
  /** Docker Engines and clusters to choose from; absent: the one that the worker finds. */
  hosts?: StackHost[];
  /** Of a kept release: the host of each service. */
  placement?: Placement;
  /** Of a host's portion: services that those of other hosts depend on. */
  awaitedElsewhere?: string[];
  deployment: DeploymentSettings;
  networks: Record<string, StackNetwork>;
  volumes: Record<string, StackVolume>;
  configs: Record<string, { content: string }>;
  secrets: Record<string, SecretSource>;
  services: Record<string, Service>;
  /** Absent in releases of 0.1. */
  schedules?: ScheduleSpec[];
  /** Who wants to be told what happens; absent where nobody does. */
  subscribers?: Subscriber[];
  /** What is done between deployments; absent where nothing is, and in releases of 0.1. */
  watch?: WatchSettings;
  /** What the load balancer serves, where anything is exposed. It is the service named `load-balancer`. */
  front?: Front;
  /** Where Prometheus answers. */
  prometheus?: string;
  /** What `--set` gave, for the release's record. */
  variables: Record<string, string>;
}

/** A Docker Engine or a cluster that instances may run on. How it is reached is a matter of its worker. */
export interface StackHost {
  name: string;
  /** Where it is not the stack's. */
  runtime?: RuntimeName;
  /** By which other hosts reach it. */
  address?: string;
  zone?: string;
  /** What may be reserved of it, where that is not all. */
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
  /** A failed deployment waits so long for a person before it is rolled back; absent where it does not wait. */
  waitOnFailureMs?: number;
  /** 0: nothing is rolled back after the commit. */
  watchWindowMs?: number;
}

export interface BreakerSettings {
  /** Failed deployments in a row that open it; 0: it never opens. */
  threshold: number;
  /** After so long one automatic deployment may try. */
  recoveryMs: number;
}

/** A part of every week in which nothing begins. */
export interface FreezeWindow {
  /** Minutes since Monday 00:00. A window whose end is before its begin goes over the end of the week. */
  from: number;
  to: number;
  timeZone: string;
  /** As the file says it, for people. */
  text: string;
  /** Turns requests away instead of letting them wait. */
  refuse: boolean;
}

export interface StackNetwork {
  name?: string;
  cidr?: string;
  external: boolean;
  internal: boolean;
}

export interface StackVolume {
  name?: string;
  external: boolean;
  shared: boolean;
  /** On a cluster: bytes, and of which class. */
  size?: number;
  storageClass?: string;
}

export type DependencyCondition = 'started' | 'healthy' | 'completed';
export type RunPolicy = 'always' | 'on_change' | 'manual';
export type OnRollback = 'keep' | 'refuse' | { command: string[] };

/** `published` is one port, or a range that the engine allocates from; without it the stack's range is used. */
export interface ServicePort {
  container: number;
  published?: PortRange;
  hostIp?: string;
  protocol: 'tcp' | 'udp';
}

export type ServiceMount =
  | { type: 'volume'; volume: string; target: string; readOnly: boolean }
  | { type: 'bind'; source: string; target: string; readOnly: boolean; relative: boolean };

export interface Approval {
  timeoutMs: number;
  /** What counts when nobody has answered by then. */
  otherwise: 'approve' | 'reject';
}

/** One number of Prometheus, and what it must keep to. */
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
  /** Where it is not the stack's. */
  runtime?: RuntimeName;
  kind: InstanceKind;
  image?: string;
  pullPolicy: 'missing' | 'always' | 'never';
  ports: ServicePort[];
  mounts: ServiceMount[];
  configs: ({ name: string } & FileTarget)[];
  networks: Record<string, { aliases: string[] }>;
  dependsOn: Record<string, DependencyCondition>;
  replicas: number;
  /** On a cluster: the file does not say how many, so that something else may. */
  autoscaled?: true;
  phase?: number;
  /** Releases of 0.1 have the bare word. */
  strategy: ServiceStrategy | 'recreate';
  drainMs?: number;
  hooks: { postStart?: string[]; preStop?: string[] };
  onFailure: 'rollback' | 'continue';
  /** On a cluster: where requests from outside come in. */
  ingress?: IngressRoute[];
  /** Of the host, or of the nodes of a cluster, that it wants to run on. */
  zone?: string;
  host?: string;
  /** Jobs only. */
  run: RunPolicy;
  timeoutMs?: number;
  onRollback: OnRollback;
}

export type { HealthCheck, Probe };
