import type { Stack } from '../model/stack';
import type { Intent } from './plan';
import type { AppliedRuns } from './service/job-runs';

/** The input of a plan, apart from the observation. */
export interface PlanInput {
  stack: Stack;
  intent: Intent;
  deployment: number;
  release: { from?: number; to: number };
  /** Hash of the last successful run of each job, and of each service that has completed. */
  jobs: Record<string, string>;
  /** Runs of jobs that stay applied; absent in environments of version 0.1. */
  applied?: AppliedRuns;
  /** Plan like an earlier engine: a changed health check replaces nothing. */
  keepsOldChecks?: boolean;
  /** Plan like an earlier engine: volumes that only images declare are left behind. */
  leavesImageVolumes?: boolean;
}
