import type { IntentKind } from '../model/deployment';
import type { NetworkSpec, VolumeSpec } from '../model/resources';
import type { Analysis, Approval, Placement } from '../model/stack';
import type { ServedBy } from '../model/instance';
import type { InstanceRef, InstanceSpec, NetworkAttachment } from '../model/instance';
import type { RuntimeName } from '../model/runtimes';
import type { Front, RouteTable } from '../model/traffic';

/** Where and by whom a step is performed. */
export interface Whereabouts {
  host: string;
  taskQueue: string;
  /** It is one of several, and steps say so. */
  named?: true;
}

interface StepBase extends Whereabouts {
  /** Unique in a plan, and the same in every plan of the same deployment: `api/start/1`. */
  id: string;
  /** What a person reads: `start api-1 (ghcr.io/acme/api:1.6.0)`. */
  title: string;
  service?: string;
  /** Has to be passed first. */
  gate?: Gate;
}

/** What has to hold before a step is performed. */
export interface Gate {
  /** New instances that serve already: all of them must still be healthy. */
  healthy: InstanceRef[];
  /** Where new instances are to get requests: the load balancer must reach all of these addresses. */
  reached?: { balancer: InstanceRef; addresses: string[] };
}

export interface ImageRequest {
  reference: string;
  policy: 'missing' | 'always' | 'never';
}

/** One thing a deployment does. The interpreter performs it; a strategy only names it. */
export type Action =
  | { kind: 'pull'; image: ImageRequest }
  | { kind: 'create-network'; network: NetworkSpec }
  | { kind: 'create-volume'; volume: VolumeSpec }
  /** Ends when the instance is healthy; so does `revive`. */
  | { kind: 'start'; instance: InstanceSpec; reaches?: Reachable[] }
  /** Makes a workload something else where it stands; ends when all of it is healthy. */
  | { kind: 'update'; instance: InstanceSpec; force?: boolean }
  /** Makes it again what it was before a deployment. */
  | { kind: 'restore'; instance: InstanceRef; deployment: number }
  /**
   * Lets what is meant for a service go elsewhere than to its own workload, until that is removed; back to its own
   * where nothing is named.
   */
  | { kind: 'select'; instance: InstanceRef; to?: ServedBy }
  | { kind: 'await-healthy'; instance: InstanceRef }
  | { kind: 'create-job'; instance: InstanceSpec }
  | { kind: 'run-job'; instance: InstanceRef; timeoutMs?: number }
  | { kind: 'exec'; instance: InstanceRef; command: string[]; purpose: string }
  /** With a drain: once its last request has been answered. */
  | ({ kind: 'retire' } & Retirement)
  /** Those of a batch, side by side. */
  | { kind: 'retire-together'; retirements: Retirement[] }
  | { kind: 'revive'; instance: InstanceRef }
  /** One after the other; the rest still come where one does not get healthy. */
  | { kind: 'revive-together'; instances: InstanceRef[] }
  | { kind: 'remove'; instance: InstanceRef }
  | { kind: 'remove-together'; instances: InstanceRef[] }
  /** Makes an instance known on its networks by exactly these names. `before` is what it was known by. */
  | { kind: 'attach'; instance: InstanceRef; networks: NetworkAttachment[]; before: NetworkAttachment[] }
  /** Sends requests elsewhere, all routes of a service at once. */
  | { kind: 'route'; label: string; balancer: InstanceRef; tables: RouteTable[]; before: RouteTable[] }
  /** Puts other routes in force, without a request lost. */
  | { kind: 'configure'; balancer: InstanceRef; front: Front; before?: Front }
  /** Waits until no request is open at an instance that gets no new ones, but not for ever. */
  | ({ kind: 'drain'; instance: InstanceRef } & Drain)
  /** A job against new instances; it leaves nothing behind. */
  | { kind: 'test'; instance: InstanceSpec; timeoutMs: number }
  | { kind: 'hold'; label: string; durationMs: number; analysis?: Judgement }
  | { kind: 'approve'; label: string; approval: Approval }
  | { kind: 'remove-network'; name: string }
  | { kind: 'remove-volume'; name: string };

/** Where a new load balancer sends requests to a new instance; before the commit it must reach all of these. */
export interface Reachable {
  service: string;
  address: string;
}

export interface Retirement {
  instance: InstanceRef;
  drain?: Drain;
}

/** The requests that are open at an instance, and how long they may take. */
export interface Drain {
  balancer: InstanceRef;
  addresses: string[];
  timeoutMs: number;
}

/** An analysis with the names of a service's old and new instances in its queries. */
export interface Judgement {
  endpoint: string;
  analysis: Analysis;
  /** Service of the stack that `endpoint` names. */
  prometheus?: string;
}

export type Step = StepBase & Action;
export type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>;

/** Steps one after the other. */
export type Lane = Step[];
/** Lanes side by side. Stages come one after the other; services of a phase run side by side. */
export type Stage = Lane[];

/** What happens to a service. `leave`: a limited deployment does not look at it. */
export type ServiceAction =
  'create' | 'replace' | 'reroute' | 'scale' | 'restart' | 'run' | 'keep' | 'skip' | 'remove' | 'leave';

/** A key that changed, with what it was and is where that can be said. */
export interface Change {
  key: string;
  from?: string;
  to?: string;
}

export interface PlannedService {
  name: string;
  kind: 'service' | 'job';
  action: ServiceAction;
  replicas: number;
  changes: Change[];
  /** Sentences that the plan shows behind the service: one-way, kept on rollback. */
  notes: string[];
  interruptionMs: number;
  /** Names of the instances that go when the deployment commits. */
  superseded: string[];
  continueOnFailure: boolean;
  /** New instances run beside the old ones: on the way back the old ones come first, then the new ones go. */
  beside: boolean;
  stages: Stage[];
  /** After every phase, and before the commit: what has to outlast the rest of the deployment. */
  tail: Stage[];
}

export interface PlannedPhase {
  number: number;
  /** `removals` holds what the new stack no longer has. */
  kind: 'deploy' | 'removals';
  services: PlannedService[];
}

/** Everything a deployment is going to do, in order. Data: printing it and performing it read the same. */
export interface Plan {
  stack: string;
  environment: string;
  runtime: RuntimeName;
  /** One, or several with commas. */
  host: string;
  /** Where there are several. */
  placement?: Placement;
  deployment: number;
  release: { from?: number; to: number };
  maxParallel: number;
  pulls: StepOf<'pull'>[];
  preparation: Step[];
  phases: PlannedPhase[];
  /** After the commit: nothing here is undone. */
  cleanup: Step[];
  warnings: string[];
  newVolumes: string[];
  estimateMs: number;
}

/** Why a stack cannot be deployed as it is. Nothing has been touched. */
export interface Refusal {
  path: string;
  message: string;
  /** `--force` passes it. */
  forceable?: boolean;
}

/** What a deployment is asked to do. */
export interface Intent {
  kind: IntentKind;
  /** Only these services, and what they depend on. */
  services?: string[];
  force: boolean;
  /** Pulls the images of what it is about, also those that are there. */
  fresh?: boolean;
}

/** True for a service that the plan changes. */
export function acts({ action }: Pick<PlannedService, 'action'>): boolean {
  return action !== 'keep' && action !== 'skip' && action !== 'leave';
}

/** The same plan for some of its services, without what all of them share. */
export function withOnly(plan: Plan, which: (service: PlannedService) => boolean): Plan {
  const phases = plan.phases.map((phase) => ({ ...phase, services: phase.services.filter(which) }));
  return { ...plan, phases, preparation: [] };
}

/** The services of phases, in order. */
export function servicesOf<S>(phases: readonly { services: S[] }[]): S[] {
  return phases.flatMap(({ services }) => services);
}

/** Every lane of a service, in order. */
export function lanesOf({ stages, tail }: Pick<PlannedService, 'stages' | 'tail'>): Lane[] {
  return [...stages, ...tail].flat();
}

/** Every step of phases, in order; lanes of a phase one after the other. */
export function stepsOf(phases: readonly PlannedPhase[]): Step[] {
  return servicesOf(phases).flatMap((service) => lanesOf(service).flat());
}

/** True when performing the plan would change anything. */
export function changesAnything(plan: Plan): boolean {
  return plan.preparation.length > 0 || servicesOf(plan.phases).some(acts);
}
