import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Service } from '../../model/stack';
import type { Plan, PlannedPhase, PlannedService, Step } from '../../plan/plan';
import type { Cause, Status } from '../../model/deployment';
import type { ProgressEvent } from '../../model/events';

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

/** What a person wants of a rollout that runs. */
export interface Steer {
  action: 'approve' | 'reject' | 'promote' | 'pause' | 'resume' | 'abort' | 'retry';
  by: string;
  reason?: string;
  /** Only what waits of this service. */
  service?: string;
}

/** What a person changes about a deployment that has failed and waits: services as they shall be. */
export interface Amendment {
  services: Service[];
  by: string;
  reason?: string;
}

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
export const answerSignal = defineSignal<[{ question: string; answer: string; by: string }]>('answer');
/** Without a word it means: roll back, and let running jobs finish first. */
export const cancelSignal = defineSignal<[{ by?: string; killJobs?: boolean } | undefined]>('cancelDeployment');
