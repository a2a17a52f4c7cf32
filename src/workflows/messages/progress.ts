import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { Service } from '../../model/stack';
import type { Plan, PlannedPhase, PlannedService, Step } from '../../plan/plan';
import type { Cause, Status } from '../../model/deployment';
import type { ProgressEvent } from '../../model/events';
import { author, reason } from './act';
import { fields, listOf, named, oneOf, only, optional, partOf, type TypeOf } from './shape';

/** Progress of a running deployment, and messages to steer it. */

/** A plan without data for runtimes only; for printing and for the progress display. */
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
  /** Set if the stack names hosts. */
  host?: string;
  /** Titles of its routing, hold, approval and test steps. */
  rollout?: string[];
}

/** A person's action on a running rollout. */
export const steer = only({
  action: oneOf('approve', 'reject', 'promote', 'pause', 'resume', 'abort', 'retry'),
  by: author,
  reason,
  /** Limits the action to the waiting steps of this service. */
  service: optional(named('service')),
});
export type Steer = TypeOf<typeof steer>;

/** New definitions of services for a deployment that waits after a failure. */
export const amendment = fields({
  services: listOf(partOf<Service>({ name: named('service') })),
  by: author,
  reason,
});
export type Amendment = TypeOf<typeof amendment>;

/** A recorded steering action. */
export interface SteeringRecord extends Omit<Steer, 'action'> {
  action: Steer['action'] | 'amend';
  at: number;
}

/** Rejected with a reason if the action does not apply. */
export const steerUpdate = defineUpdate<void, [Steer]>('steer');

/** Rejected with a reason if no failure waits, or if the services cannot be amended. */
export const amendUpdate = defineUpdate<void, [Amendment]>('amend');

/** A question to a person. */
export interface Question {
  id: string;
  text: string;
  answers: string[];
}

/** A step that waits for its platform. */
export interface Delay {
  /** The sentence of the step. */
  title: string;
  /** The platform's own error. */
  message: string;
  /** In ms since the epoch. */
  since: number;
}

/** The steps that wait for their platform now, by the events of a deployment so far. */
export function delaysOf(events: readonly ProgressEvent[]): Delay[] {
  const delays = new Map<string, Delay>();
  for (const { code, step, data, at } of events) {
    if (code === 'step.delayed') delays.set(step.id, { title: step.title, message: data.message, since: at });
    else if (step) delays.delete(step.id);
  }
  return [...delays.values()];
}

export interface Progress {
  status: Status;
  deployment?: number;
  /** Number of the deployment that this one waits for. */
  behind?: number;
  /** The freeze, circuit breaker or limit that it waits for. */
  held?: string;
  plan?: PlanSummary;
  events: ProgressEvent[];
  question?: Question;
  /** The last question that was answered, by its id. */
  answered?: { question: string; answer: string };
  /** Steps that wait for an approval. */
  approvals?: { title: string; service?: string }[];
  /** It failed, and waits for a decision until then (ms since the epoch). */
  failure?: { cause: Cause; until: number };
  /** It has failed or was cancelled, and waits for jobs that finish first. */
  failing?: { cause: Cause; jobs: string[] };
  /** Actions that apply now; absent in deployments of 0.1. */
  steerable?: Steer['action'][];
  /** With four eyes: who has decided what is deployed, and may not approve it. */
  authors?: string[];
  cause?: Cause;
}

export const progressQuery = defineQuery<Progress, [number]>('progress');

export const answer = only({ question: 'text', answer: 'text', by: author });
export const answerSignal = defineSignal<[TypeOf<typeof answer>]>('answer');

/** Empty from the Temporal UI: rolls back, after running jobs have finished. */
export const cancel = optional(fields({ by: optional(author), killJobs: optional('flag') }));
export const cancelSignal = defineSignal<[TypeOf<typeof cancel>]>('cancelDeployment');
