import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { AuditEntry, AuditHead } from '../../model/audit';
import type { RuntimeName } from '../../model/capabilities';
import type { JobRun, PastRun } from '../../plan/service/job-runs';
import type { BreakerSettings } from '../../model/stack';
import type { Asked } from '../../plan/asked';
import type { Act } from './act';
import type { Outcome } from '../../model/deployment';
import type { Freeze } from './freeze';
import type { Place } from './place';
import type { WatchPause, WatchState } from './watch';

/** What deployments and their environment say to each other. */

/** The environment's word that a deployment may begin. */
export interface Go {
  deployment: number;
  release: { from?: number; next: number };
  /** Number of the deployment whose instances are the committed ones. */
  committed: number;
  /** Numbers of the kept ones. */
  releases: number[];
  jobs: Record<string, string>;
  /** What it begins in spite of, by force. */
  past?: string;
  /** Names of the schedules that come from the stack file. */
  schedules?: string[];
  /** Stands for what the current release says. */
  settings?: string;
  /** Hosts of the current release. */
  hosts?: string[];
}

export const goSignal = defineSignal<[Go]>('go');

/** Why a deployment waits: behind another one, or because nothing may begin now. */
export interface Queued {
  behind?: number;
  held?: string;
}

export const queuedSignal = defineSignal<[Queued]>('queued');
/** The environment does not take the deployment; the text says why, and what to do. */
export const turnedAwaySignal = defineSignal<[string]>('turnedAway');

export interface JoinRequest {
  workflowId: string;
  runtime: RuntimeName;
  /** Of the stack, where it names any. */
  hosts?: string[];
  namespace?: string;
  /** Absent in requests of 0.1, which queue. */
  asked?: Asked;
}

export const freezeSignal = defineSignal<[Freeze]>('freeze');
export const thawSignal = defineSignal<[Act?]>('thaw');

/** Failed deployments in a row, and since when automatic ones are refused for them. */
export interface Breaker extends BreakerSettings {
  failures: number;
  openedAt?: number;
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
  schedules?: string[];
  settings?: string;
  hosts?: string[];
}

/** A deployment has written into the audit trail. */
export const auditedSignal = defineSignal<[AuditHead & { folder?: string }]>('audited');
export const joinSignal = defineSignal<[JoinRequest]>('join');
export const leaveSignal = defineSignal<[string]>('leave');
export const finishedSignal = defineSignal<[FinishedReport]>('finished');

export interface EnvironmentState {
  place: Place;
  runtime: RuntimeName;
  numbers: { deployment: number; release: number };
  /** `at`: when it was committed, in ms since the epoch; absent where 0.1 did it. */
  current?: { deployment: number; release?: number; at?: number };
  releases: number[];
  /** Hash of the last successful run of each job. */
  jobs: Record<string, string>;
  /** The last runs of jobs, in failed deployments too. */
  runs: PastRun[];
  running?: { workflowId: string; deployment: number; asked?: Asked; past?: string; supersededBy?: string };
  queue: JoinRequest[];
  freeze?: Freeze;
  breaker?: Breaker;
  /** The end of the audit trail. */
  audit?: AuditHead & { folder?: string };
  /** What people have done, and the audit trail does not know yet. */
  acts?: AuditEntry[];
  watch?: WatchState;
  watchPause?: WatchPause;
  /** Of the stack file. */
  schedules?: string[];
  /** Stands for what the current release says. */
  settings?: string;
  hosts?: string[];
  recent: { deployment: number; outcome: Outcome | 'lost'; release?: number; past?: string }[];
}

export const environmentQuery = defineQuery<EnvironmentState>('state');

/** Sent at the commit: from here on the deployment's instances are the environment's own. */
export interface CommittedReport {
  workflowId: string;
  deployment: number;
  release?: number;
}

export const committedSignal = defineSignal<[CommittedReport]>('committed');
