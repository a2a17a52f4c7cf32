/** The words about schedules: what is asked for again and again, and when. */

/**
 * What a schedule asks for: the current release with fresh images, services of it anew, or a run of one of its jobs.
 */
export type Recurring = { kind: 'deploy' } | { kind: 'restart'; services: string[] } | { kind: 'run'; job: string };

/** What is asked for though nobody stands by: by a schedule, or by the watch. */
export type Unattended = Recurring | { kind: 'repair' } | { kind: 'rollback'; insteadOf: number };

/** Where its last request is not over yet: leave this one out, let one wait, or cancel that one. */
export type Overlap = 'skip' | 'buffer_one' | 'cancel_other';

/** When and what. */
export interface ScheduleSpec {
  name: string;
  /** Five fields, or words such as `@daily`; any of them. */
  cron: string[];
  /** Also, or instead, so often; in ms. */
  everyMs?: number;
  timeZone: string;
  /** Each time is put off by up to so much. */
  jitterMs: number;
  overlap: Overlap;
  /** What a server that was away missed is made up for, if it is not older than that. */
  catchupMs: number;
  what: Recurring;
}

/** How a deployment ended that nobody watched. */
export interface UnattendedEnd {
  outcome: string;
  deployment?: number;
  /** Why it was not done. */
  message?: string;
}
