import type { Stack } from '../model/stack';
import type { Intent } from './plan';

/** What a plan is made of, beside what was observed. */
export interface PlanInput {
  stack: Stack;
  intent: Intent;
  deployment: number;
  release: { from?: number; to: number };
  /** Hash of the last successful run of each job. */
  jobs: Record<string, string>;
  /** As an earlier engine planned: a changed health check replaces nothing. */
  keepsOldChecks?: boolean;
}
