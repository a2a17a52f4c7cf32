import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { Stack } from '../../model/stack';
import type { PinnedImages } from '../../model/images';
import type { JobRun } from '../../plan/service/job-runs';

/** Messages of a kept release. */

export interface ReleaseContents {
  release: number;
  deployment: number;
  stack: Stack;
  images: PinnedImages;
  requestedBy: string;
  reason?: string;
  at: number;
  jobs: JobRun[];
  /** Of the worker, if it knows keys of servers: what it deployed, and nobody else has put in its place. */
  seal?: string;
}

/**
 * Key of the memo with a release's images: deployments read those of all releases without a workflow task in each.
 */
export const imagesMemo = 'images';
export const contentsQuery = defineQuery<ReleaseContents>('contents');
export const pruneSignal = defineSignal('prune');
