/** Types of schedules and of deployments that nobody watches. */

/**
 * The request of a schedule: deploy the current release with fresh images, restart services, or run a job.
 */
export type Recurring = { kind: 'deploy' } | { kind: 'restart'; services: string[] } | { kind: 'run'; job: string };

/** A request without a person behind it: by a schedule, or by the watch. */
export type Unattended = Recurring | { kind: 'repair' } | { kind: 'rollback'; insteadOf: number };

/** If the previous request still runs: skip this one, queue one, or cancel the previous one. */
export type Overlap = 'skip' | 'buffer_one' | 'cancel_other';

/** A schedule: its times and its request. */
export interface ScheduleSpec {
  name: string;
  /** Cron expressions or words such as `@daily`; a match of any one counts. */
  cron: string[];
  /** Interval in ms, in addition to or instead of `cron`. */
  everyMs?: number;
  timeZone: string;
  /** Maximum random delay of each run. */
  jitterMs: number;
  overlap: Overlap;
  /** Runs missed while the server was down are made up for if they are not older than this. */
  catchupMs: number;
  what: Recurring;
}

/** The end of an unattended deployment. */
export interface UnattendedEnd {
  outcome: string;
  deployment?: number;
  /** Why it did not succeed. */
  message?: string;
}
