import { defineQuery, defineSignal } from '@temporalio/workflow';
import type { Stack } from '../../model/stack';
import type { PinnedImages } from '../../model/images';
import type { JobRun } from '../../plan/service/job-runs';

/** What a kept release tells. */

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

/**
 * Key of the memo with a release's images: every deployment reads those of all releases, and wakes none of their
 * workflows for that.
 */
export const imagesMemo = 'images';
export const contentsQuery = defineQuery<ReleaseContents>('contents');
export const pruneSignal = defineSignal('prune');
