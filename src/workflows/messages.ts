import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Stack } from '../config/stack';
import type { RuntimeName } from '../model/capabilities';
import type { PinnedImages } from '../model/images';
import type { Evidence } from '../model/instance-status';
import type { JobRun, PastRun } from '../plan/job-runs';
import type { Change, Intent, IntentKind, Refusal, ServiceAction } from '../plan/plan';

/** Ids, messages and payloads of the workflows: what the client and the workflows say to each other. */

export const taskQueue = 'deploy-code';

export interface Place {
  stack: string;
  environment: string;
}

export const deploymentId = ({ stack, environment }: Place, request: string): string => `deployment/${stack}/${environment}/${request}`;
export const environmentId = ({ stack, environment }: Place): string => `environment/${stack}/${environment}`;
export const releaseId = ({ stack, environment }: Place, release: number): string => `release/${stack}/${environment}/${release}`;

export const searchAttributes = {
  stack: defineSearchAttributeKey('DeployCodeStack', 'KEYWORD'),
  environment: defineSearchAttributeKey('DeployCodeEnvironment', 'KEYWORD'),
  status: defineSearchAttributeKey('DeployCodeStatus', 'KEYWORD'),
  release: defineSearchAttributeKey('DeployCodeRelease', 'INT'),
  number: defineSearchAttributeKey('DeployCodeNumber', 'INT'),
};

export interface DeploymentInput {
  stack: Stack;
  intent: Intent;
  taskQueue: string;
  /** Images of a kept release, for a rollback to it. */
  pinned: PinnedImages;
  requestedBy: string;
  reason?: string;
  /** The release that a rollback, restart or run brings about again. */
  target?: number;
}

/** How a deployment ended. One shape for success and failure. */
export type Outcome = 'succeeded' | 'unchanged' | 'refused' | 'rolled_back' | 'left_as_is' | 'rollback_incomplete' | 'cancelled';

export interface Cause {
  service?: string;
  step: string;
  message: string;
  evidence?: Evidence;
}

export interface DeploymentResult {
  outcome: Outcome;
  intent: IntentKind;
  requestedBy: string;
  reason?: string;
  deployment?: number;
  /** The release that runs now. */
  release?: number;
  cause?: Cause;
  refusals: Refusal[];
  warnings: string[];
  /** Services with `on_failure: continue` that failed alone. */
  tolerated: Cause[];
  /** Jobs whose effect stays though the deployment was rolled back. */
  notUndone: string[];
  /** What a rollback or cleanup could not finish. */
  leftBehind: string[];
  /** How people steered it. */
  steering?: SteeringRecord[];
  /** Services that changed. */
  changed: string[];
  durationMs: number;
  rollbackMs?: number;
}

export type Status = 'queued' | 'planning' | 'pulling' | 'deploying' | 'waiting' | 'committing' | 'rolling_back' | Outcome;

/** A plan without what only a runtime needs; for printing and for the progress display. */
export interface PlanSummary {
  stack: string;
  environment: string;
  host: string;
  deployment: number;
  release: { from?: number; to: number };
  phases: { number: number; kind: 'deploy' | 'removals'; services: ServiceSummary[] }[];
  preparation: string[];
  pulls: string[];
  warnings: string[];
  newVolumes: string[];
  estimateMs: number;
  changes: boolean;
}

export interface ServiceSummary {
  name: string;
  kind: 'service' | 'job';
  action: ServiceAction;
  replicas: number;
  changes: Change[];
  notes: string[];
  interruptionMs: number;
  steps: string[];
  /** How its requests move, in sentences: shares, times, approvals. */
  rollout?: string[];
}

/** One thing that happened. `sequence` counts from 1. */
export interface ProgressEvent {
  sequence: number;
  at: number;
  kind: 'status' | 'step' | 'note';
  state?: 'begun' | 'done' | 'failed' | 'trouble' | 'undone';
  text: string;
  step?: string;
  service?: string;
  phase?: number;
  durationMs?: number;
}

/** What a person wants of a rollout that runs. */
export interface Steer {
  action: 'approve' | 'reject' | 'promote' | 'pause' | 'resume' | 'abort';
  by: string;
  reason?: string;
  /** Only what waits of this service. */
  service?: string;
}

export type SteeringRecord = Steer & { at: number };

/** Rejected, with the reason, where there is nothing to do it to. */
export const steerUpdate = defineUpdate<void, [Steer]>('steer');

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
  plan?: PlanSummary;
  events: ProgressEvent[];
  question?: Question;
  /** Steps that wait for somebody's approval. */
  approvals?: { title: string; service?: string }[];
  cause?: Cause;
}

export const progressQuery = defineQuery<Progress, [number]>('progress');
export const answerSignal = defineSignal<[{ question: string; answer: string; by: string }]>('answer');
export const cancelSignal = defineSignal<[{ by: string; killJobs: boolean }]>('cancelDeployment');

/** The environment's word that a deployment may begin. */
export interface Go {
  deployment: number;
  release: { from?: number; next: number };
  /** Number of the deployment whose instances are the committed ones. */
  committed: number;
  /** The one before it ended without a word: first settle what it left. */
  releases: number[];
  jobs: Record<string, string>;
}

export const goSignal = defineSignal<[Go]>('go');
export const queuedSignal = defineSignal<[{ behind: number }]>('queued');

export interface JoinRequest {
  workflowId: string;
  runtime: RuntimeName;
}

/** What a deployment reports when it ends. */
export interface FinishedReport {
  workflowId: string;
  deployment: number;
  outcome: Outcome;
  committed?: { deployment: number; release?: number };
  /** Jobs that it ran, or began to. */
  jobs: JobRun[];
  releases: number[];
}

export const joinSignal = defineSignal<[JoinRequest]>('join');
export const leaveSignal = defineSignal<[string]>('leave');
export const finishedSignal = defineSignal<[FinishedReport]>('finished');

export interface EnvironmentState {
  place: Place;
  runtime: RuntimeName;
  numbers: { deployment: number; release: number };
  current?: { deployment: number; release?: number };
  releases: number[];
  /** Hash of the last successful run of each job. */
  jobs: Record<string, string>;
  /** The last runs of jobs, in failed deployments too. */
  runs: PastRun[];
  running?: { workflowId: string; deployment: number };
  queue: JoinRequest[];
  recent: { deployment: number; outcome: Outcome | 'lost'; release?: number }[];
}

export const environmentQuery = defineQuery<EnvironmentState>('state');

export interface ReleaseContents {
  release: number;
  deployment: number;
  stack: Stack;
  images: PinnedImages;
  requestedBy: string;
  reason?: string;
  at: number;
  jobs: JobRun[];
}

export const contentsQuery = defineQuery<ReleaseContents>('contents');
export const pruneSignal = defineSignal('prune');

/** Sent at the commit: from here on the deployment's instances are the environment's own. */
export interface CommittedReport {
  workflowId: string;
  deployment: number;
  release?: number;
}

export const committedSignal = defineSignal<[CommittedReport]>('committed');
