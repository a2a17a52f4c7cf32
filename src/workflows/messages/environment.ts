import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { AuditEntry, AuditHead } from '../../model/audit';
import type { RuntimeName } from '../../model/runtimes';
import type { AppliedRun, AppliedRuns, JobRun, PastRun } from '../../plan/service/job-runs';
import type { BreakerSettings } from '../../model/stack';
import type { Asked } from '../../plan/asked';
import type { Act } from './act';
import { outcomes, type Outcome } from '../../model/deployment';
import { fields, listOf, named, oneOf, only, optional, partOf, recordOf, type TypeOf } from './shape';
import type { Freeze } from './freeze';
import type { Place } from './place';
import type { StoredSecret } from './stored-secrets';
import type { WatchPause, WatchState } from './watch';

/** Messages between deployments and the workflow of their environment. */

export const appliedRuns = recordOf(listOf(partOf<AppliedRun>({ hash: 'text', deployment: 'count' })));

/** The environment permits a deployment to start. */
export const go = fields({
  deployment: 'count',
  release: fields({ from: optional('count'), next: 'count' }),
  /** Number of the deployment whose instances are committed. */
  committed: 'count',
  /** Numbers of the kept releases. */
  releases: listOf('count'),
  /** Hash of the last successful run of each job. */
  jobs: recordOf('text'),
  /** Runs of jobs that stay applied: that of the current release, and others since. */
  applied: optional(appliedRuns),
  /** The freeze or open circuit breaker that `--force` overrides. */
  past: optional('text'),
  /** Names of the schedules that come from the stack file. */
  schedules: optional(listOf(named('schedule'))),
  /** Hash of the settings of the current release. */
  settings: optional('text'),
  /** Hosts of the current release. */
  hosts: optional(listOf(named('host'))),
});
export type Go = TypeOf<typeof go>;

export const goSignal = defineSignal<[Go]>('go');

/** Why a deployment waits: behind another one, or because no deployment may start now. */
export const queued = only({ behind: optional('count'), held: optional('text') });
export type Queued = TypeOf<typeof queued>;

export const queuedSignal = defineSignal<[Queued]>('queued');
/** The environment refuses the deployment; the text contains the reason and advice. */
export const turnedAwaySignal = defineSignal<[string]>('turnedAway');

export interface JoinRequest {
  workflowId: string;
  runtime: RuntimeName;
  /** Hosts of the stack, if it names any. */
  hosts?: string[];
  namespace?: string;
  /** Absent in requests of 0.1, which always queue. */
  asked?: Asked;
  /** A worker says that the environment takes requests with statements only. */
  statements?: boolean;
}

export const freezeSignal = defineSignal<[Freeze]>('freeze');
export const thawSignal = defineSignal<[Act?]>('thaw');

/** Consecutive failed deployments, and the time from which automatic ones are refused. */
export interface Breaker extends BreakerSettings {
  failures: number;
  openedAt?: number;
}

/** The report of a deployment that ends. */
export const finished = fields({
  workflowId: 'deployment',
  deployment: 'count',
  outcome: oneOf(...outcomes),
  /** Jobs that it started. */
  jobs: listOf(partOf<JobRun>({ service: named('service'), hash: 'text' })),
  /** Hashes of the jobs of the release that it has committed. */
  releaseJobs: optional(recordOf('text')),
  /** Services that have completed, with the fingerprint of their instances. */
  completed: optional(recordOf('text')),
  releases: listOf('count'),
  schedules: optional(listOf(named('schedule'))),
  settings: optional('text'),
  hosts: optional(listOf(named('host'))),
  /** Whether the environment takes requests with statements only from now on. */
  statements: optional('flag'),
});
export type FinishedReport = TypeOf<typeof finished>;

/** A deployment has written into the audit trail. */
export const auditedSignal = defineSignal<[AuditHead & { folder?: string }]>('audited');
export const joinSignal = defineSignal<[JoinRequest]>('join');
export const leaveSignal = defineSignal<[string]>('leave');
export const finishedSignal = defineSignal<[FinishedReport]>('finished');

export interface EnvironmentState {
  place: Place;
  runtime: RuntimeName;
  numbers: { deployment: number; release: number };
  /** `at`: time of the commit, in ms since the epoch; absent in commits by 0.1. */
  current?: { deployment: number; release?: number; at?: number };
  releases: number[];
  /** Hash of the last successful run of each job, and of each service that has completed. */
  jobs: Record<string, string>;
  applied?: AppliedRuns;
  /** The last runs of jobs, in failed deployments too. */
  runs: PastRun[];
  running?: { workflowId: string; deployment: number; asked?: Asked; past?: string; supersededBy?: string };
  queue: JoinRequest[];
  freeze?: Freeze;
  breaker?: Breaker;
  /** The end of the audit trail. */
  audit?: AuditHead & { folder?: string };
  /** Acts of people that are not yet in the audit trail. */
  acts?: AuditEntry[];
  watch?: WatchState;
  watchPause?: WatchPause;
  /** Names of the schedules from the stack file. */
  schedules?: string[];
  /** Hash of the settings of the current release. */
  settings?: string;
  hosts?: string[];
  /** Requests need a statement of a server. Workers decide; this tells clients, and workers that forgot. */
  statements?: boolean;
  /** The last request of somebody that was refused, and how many there were. */
  refused?: { count: number; why: string };
  /** Values that stack files refer to, by name. Left out of {@link environmentQuery}. */
  secrets?: Record<string, StoredSecret>;
  recent: { deployment: number; outcome: Outcome | 'lost'; release?: number; past?: string }[];
}

export const environmentQuery = defineQuery<EnvironmentState>('state');

/** Sent at the commit: from then on the deployment's instances belong to the environment. */
export const committed = only({ workflowId: 'deployment', deployment: 'count', release: optional('count') });
export type CommittedReport = TypeOf<typeof committed>;

export const committedSignal = defineSignal<[CommittedReport]>('committed');
