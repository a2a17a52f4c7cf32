import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Service } from '../../model/stack';
import type { Plan, PlannedPhase, PlannedService, Step } from '../../plan/plan';
import type { Cause, Status } from '../../model/deployment';
import type { ProgressEvent } from '../../model/events';
import { author, reason } from './act';
import { fields, listOf, named, oneOf, only, optional, partOf, type TypeOf } from './shape';

/** What a deployment that runs tells, and how people steer it. */

/** A plan without what only a runtime needs; for printing and for the progress display. */
export interface PlanSummary extends Pick<
  Plan,
  'stack' | 'environment' | 'host' | 'deployment' | 'release' | 'warnings' | 'newVolumes' | 'estimateMs'
> {
  phases: (Pick<PlannedPhase, 'number' | 'kind'> & { services: ServiceSummary[] })[];
  preparation: string[];
  pulls: string[];
  changes: boolean;
}

/** A step of a plan: its id for programs, its title for people. */
export type StepSummary = Pick<Step, 'id' | 'title'>;

export interface ServiceSummary extends Pick<
  PlannedService,
  'name' | 'kind' | 'action' | 'replicas' | 'changes' | 'notes' | 'interruptionMs'
> {
  steps: StepSummary[];
  /** Where the stack names hosts. */
  host?: string;
  /** How its requests move, in sentences: shares, times, approvals. */
  rollout?: string[];
}

/** A person steers a running rollout. */
export const steer = only({
  action: oneOf('approve', 'reject', 'promote', 'pause', 'resume', 'abort', 'retry'),
  by: author,
  reason,
  /** Only the waiting steps of this service. */
  service: optional(named('service')),
});
export type Steer = TypeOf<typeof steer>;

/** A person gives a deployment that waits after a failure new definitions of services. */
export const amendment = fields({
  services: listOf(partOf<Service>({ name: named('service') })),
  by: author,
  reason,
});
export type Amendment = TypeOf<typeof amendment>;

/** Who did what, when and why. */
export interface SteeringRecord extends Omit<Steer, 'action'> {
  action: Steer['action'] | 'amend';
  at: number;
}

/** Rejected, with the reason, where there is nothing to do it to. */
export const steerUpdate = defineUpdate<void, [Steer]>('steer');

/** Rejected, with the reason, where nothing waits for it or where that cannot be amended. */
export const amendUpdate = defineUpdate<void, [Amendment]>('amend');

/** Something only a person can decide. */
export interface Question {
  id: string;
  text: string;
  answers: string[];
}

export interface Progress {
  status: Status;
  deployment?: number;
  /** Number of the deployment that this one waits for. */
  behind?: number;
  /** What else it waits for, while nothing may begin. */
  held?: string;
  plan?: PlanSummary;
  events: ProgressEvent[];
  question?: Question;
  /** Steps that wait for somebody's approval. */
  approvals?: { title: string; service?: string }[];
  /** It has failed, and waits for somebody who puts that right, until then (ms since the epoch). */
  failure?: { cause: Cause; until: number };
  cause?: Cause;
}

export const progressQuery = defineQuery<Progress, [number]>('progress');

export const answer = only({ question: 'text', answer: 'text', by: author });
export const answerSignal = defineSignal<[TypeOf<typeof answer>]>('answer');

/** Empty from the Temporal UI: roll back, and let running jobs finish first. */
export const cancel = optional(fields({ by: optional(author), killJobs: optional('flag') }));
export const cancelSignal = defineSignal<[TypeOf<typeof cancel>]>('cancelDeployment');
