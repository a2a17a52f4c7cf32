import type { ImageRequest } from '../model/images';
import type { IntentKind } from '../model/deployment';
import type { NetworkSpec, VolumeSpec } from '../model/resources';
import type { Analysis, Approval, Placement } from '../model/stack';
import type { InstanceRef, InstanceSpec, NetworkAttachment, SecretMount, ServedBy } from '../model/instance';
import type { RuntimeName } from '../model/runtimes';
import type { Front, RouteTable } from '../model/traffic';

/** The host and the task queue of a step. */
export interface Whereabouts {
  host: string;
  taskQueue: string;
  /** One of several hosts: titles and ids name it. */
  named?: true;
}

interface StepBase extends Whereabouts {
  /** Unique in a plan, and the same in every plan of the same deployment: `api/start/1`. */
  id: string;
  /** Sentence for people: `start api-1 (ghcr.io/acme/api:1.6.0)`. */
  title: string;
  service?: string;
  /** Condition checked before the step. */
  gate?: Gate;
}

/** A condition that must hold before a step is performed. */
export interface Gate {
  /** New instances that already serve: all must still be healthy. */
  healthy: InstanceRef[];
  /** Addresses of new instances that the load balancer must reach before it sends requests there. */
  reached?: { balancer: InstanceRef; addresses: string[] };
}

/** One thing a deployment does. The interpreter performs it; a strategy only names it. */
export type Action =
  | { kind: 'pull'; image: ImageRequest }
  | { kind: 'create-network'; network: NetworkSpec }
  | { kind: 'create-volume'; volume: VolumeSpec }
  /** Ends when the instance is healthy; so does `revive`. */
  | { kind: 'start'; instance: InstanceSpec; reaches?: Reachable[] }
  /** Changes a workload in place; ends when all its pods are healthy. */
  | { kind: 'update'; instance: InstanceSpec; force?: boolean; at?: string; label?: string }
  /** Restores a workload to its state before a deployment. */
  | { kind: 'restore'; instance: InstanceRef; deployment: number }
  /**
   * Sends the requests of a service to another destination than its own workload, until that is removed; without
   * `to`, back to its own workload.
   */
  | { kind: 'select'; instance: InstanceRef; to?: ServedBy }
  | { kind: 'await-healthy'; instance: InstanceRef }
  | { kind: 'create-job'; instance: InstanceSpec }
  | { kind: 'run-job'; instance: InstanceRef; timeoutMs?: number }
  /** `secrets`: those that the command refers to. */
  | { kind: 'exec'; instance: InstanceRef; command: string[]; purpose: string; secrets?: SecretMount[] }
  /**
   * Stops an instance; with a drain, after its last open request. `early`: before the instances whose namespaces it
   * joins, which have these names.
   */
  | ({ kind: 'retire'; early?: string[] } & Retirement)
  /** Retires the instances of a batch in parallel. */
  | { kind: 'retire-together'; retirements: Retirement[] }
  | { kind: 'revive'; instance: InstanceRef }
  /** Revives one instance after the other, also if one does not become healthy. */
  | { kind: 'revive-together'; instances: InstanceRef[] }
  | { kind: 'remove'; instance: InstanceRef }
  | { kind: 'remove-together'; instances: InstanceRef[] }
  /** Gives an instance exactly these names on its networks. `before`: its previous names. */
  | { kind: 'attach'; instance: InstanceRef; networks: NetworkAttachment[]; before: NetworkAttachment[] }
  /** Changes the targets of all routes of a service at once. */
  | { kind: 'route'; label: string; balancer: InstanceRef; tables: RouteTable[]; before: RouteTable[] }
  /** Applies other routes without losing a request. */
  | { kind: 'configure'; balancer: InstanceRef; front: Front; before?: Front }
  /** Waits until an instance without new requests has no open ones, up to a timeout. */
  | ({ kind: 'drain'; instance: InstanceRef } & Drain)
  /** Runs a job against new instances, and removes it. */
  | { kind: 'test'; instance: InstanceSpec; timeoutMs: number }
  | { kind: 'hold'; at: string; label: string; durationMs: number; analysis?: Judgement }
  | { kind: 'approve'; at: string; label: string; approval: Approval }
  | { kind: 'remove-network'; name: string }
  | { kind: 'remove-volume'; name: string };

/** Address of a new instance that a new load balancer must reach before the commit. */
export interface Reachable {
  service: string;
  address: string;
}

export interface Retirement {
  instance: InstanceRef;
  drain?: Drain;
}

/** Waits for the open requests of an instance, up to a timeout. */
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
/** Lanes in parallel. Stages run one after the other; services of a phase run in parallel. */
export type Stage = Lane[];

/** The change of a service. `leave`: outside the scope of a limited deployment. */
export type ServiceAction =
  'create' | 'replace' | 'reroute' | 'scale' | 'restart' | 'run' | 'keep' | 'skip' | 'remove' | 'leave';

/** A changed key, with its old and new value if they can be shown. */
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
  /** Notes that the plan shows behind the service: one-way, kept on rollback. */
  notes: string[];
  interruptionMs: number;
  /** Names of the instances to remove after the commit. */
  superseded: string[];
  /** Hash of a job that does not run because it has run before. */
  ranAs?: string;
  continueOnFailure: boolean;
  /** New instances run beside the old ones: a rollback restores the old ones first, then removes the new ones. */
  beside: boolean;
  stages: Stage[];
  /** Stages after the last phase and before the commit, such as keeping the old set for a while. */
  tail: Stage[];
}

export interface PlannedPhase {
  number: number;
  /** `removals`: services that are no longer in the stack. */
  kind: 'deploy' | 'removals';
  services: PlannedService[];
}

/** Everything a deployment is going to do, in order. Plain data: printing and performing use the same plan. */
export interface Plan {
  stack: string;
  environment: string;
  runtime: RuntimeName;
  /** One host, or several separated by commas. */
  host: string;
  /** Set if there are several hosts. */
  placement?: Placement;
  deployment: number;
  release: { from?: number; to: number };
  maxParallel: number;
  pulls: StepOf<'pull'>[];
  preparation: Step[];
  phases: PlannedPhase[];
  /** Steps after the commit; they are never undone. */
  cleanup: Step[];
  warnings: string[];
  newVolumes: string[];
  estimateMs: number;
}

/** A reason why a stack cannot be deployed. Nothing has been touched. */
export interface Refusal {
  path: string;
  message: string;
  /** `--force` overrides it. */
  forceable?: boolean;
}

/** The request of a deployment. */
export interface Intent {
  kind: IntentKind;
  /** Only these services and their dependencies. */
  services?: string[];
  force: boolean;
  /** Pull the images of the selected services even if they are present. */
  fresh?: boolean;
}

/** True for a service that the plan changes. */
export function acts({ action }: Pick<PlannedService, 'action'>): boolean {
  return action !== 'keep' && action !== 'skip' && action !== 'leave';
}

/** The plan of some services only, without shared networks and volumes. */
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

/** All steps of phases, in order; lanes of a phase one after the other. */
export function stepsOf(phases: readonly PlannedPhase[]): Step[] {
  return servicesOf(phases).flatMap((service) => lanesOf(service).flat());
}

/** True when performing the plan would change anything. */
export function changesAnything(plan: Plan): boolean {
  return plan.preparation.length > 0 || servicesOf(plan.phases).some(acts);
}
