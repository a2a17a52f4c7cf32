import { ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import type { PinnedImages } from '../../../model/images';
import type { JobRun } from '../../../plan/service/job-runs';
import type { Plan } from '../../../plan/plan';
import { releaseText } from '../../../model/access';
import { digestOf } from '../../../plan/service/hash';
import { imagesMemo, releaseId, type DeploymentInput, type ReleaseContents } from '../../messages';
import { serialised } from '../../support/serialised-events';
import { activity } from '../../support/activity-options';
import type { DeploymentContext } from '../context';

/** Starts the workflow that holds the release independently of this one. */
export async function keepRelease(
  { stack, requestedBy, reason, taskQueue }: DeploymentInput,
  plan: Plan,
  jobs: JobRun[],
  images: PinnedImages,
  { link, seals }: Pick<DeploymentContext, 'link' | 'seals'>,
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
  if (seals) contents.seal = await sealOf(contents, taskQueue);
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

/** What a worker says about a release that it has deployed, so that nobody can put another in its place. */
function sealOf({ release, stack, images }: ReleaseContents, taskQueue: string): Promise<string> {
  const place = { stack: stack.name, environment: stack.environment };
  // As the release will be read: without what JSON leaves out.
  const digest = digestOf(releaseText(release, { stack, images }));
  return activity('sealRelease', taskQueue, `seal release ${release}`)(place, digest);
}
