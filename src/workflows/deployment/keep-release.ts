import { ParentClosePolicy, startChild, workflowInfo } from '@temporalio/workflow';
import type { PinnedImages } from '../../model/images';
import { stepsOf, type Plan } from '../../plan/plan';
import { releaseId, type DeploymentInput, type ReleaseContents } from '../messages';
import type { EnvironmentLink } from './environment-link';

/** Starts the workflow that holds the release from now on, whatever becomes of this one. */
export async function keepRelease({ stack, requestedBy, reason }: DeploymentInput, plan: Plan, images: PinnedImages, link: EnvironmentLink): Promise<void> {
  const { to: release } = plan.release;
  const contents: ReleaseContents = { release, deployment: plan.deployment, stack, images, requestedBy, reason, at: Date.now(), jobs: jobsOf(plan) };
  await startChild('release', {
    workflowId: releaseId({ stack: stack.name, environment: stack.environment }, release),
    args: [contents],
    staticSummary: `release ${release} of ${stack.name}/${stack.environment}`,
    parentClosePolicy: ParentClosePolicy.ABANDON,
    taskQueue: workflowInfo().taskQueue,
    typedSearchAttributes: link.attributes(release),
  });
}

/** `migrate (acme/api:1.6.0)`: the jobs that ran for it. */
function jobsOf({ phases }: Plan): string[] {
  return stepsOf(phases).flatMap((step) => (step.kind === 'create-job' ? [`${step.instance.service}${step.instance.image ? ` (${step.instance.image})` : ''}`] : []));
}
