import { ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import type { PinnedImages } from '../../../model/images';
import type { JobRun } from '../../../plan/service/job-runs';
import type { Plan } from '../../../plan/plan';
import { imagesMemo, releaseId, type DeploymentInput, type ReleaseContents } from '../../messages';
import { serialised } from '../../support/serialised-events';
import type { EnvironmentLink } from '../admission/environment-link';

/** Starts the workflow that holds the release independently of this one. */
export async function keepRelease(
  { stack, requestedBy, reason }: DeploymentInput,
  plan: Plan,
  jobs: JobRun[],
  images: PinnedImages,
  link: EnvironmentLink,
): Promise<void> {
  const { to: release } = plan.release;
  const contents: ReleaseContents = {
    release,
    deployment: plan.deployment,
    stack: { ...stack, ...(plan.placement && { placement: plan.placement }) },
    images,
    requestedBy,
    reason,
    at: Date.now(),
    jobs,
  };
  await serialised(
    startChild('release', {
      workflowId: releaseId({ stack: stack.name, environment: stack.environment }, release),
      args: [contents],
      memo: { [imagesMemo]: images },
      staticSummary: `release ${release} of ${stack.name}/${stack.environment}`,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      taskQueue: workflowInfo().taskQueue,
      typedSearchAttributes: link.attributes(release),
    }),
  );
}
