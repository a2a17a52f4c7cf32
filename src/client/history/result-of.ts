import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { deploymentFailure, type DeploymentResult } from '../../workflows/messages';

/**
 * The result of a deployment, whatever its outcome. The workflow of one that did not succeed fails with the result in
 * its details; those of earlier versions return it.
 * @throws WorkflowFailedError if the workflow ended without a result
 */
export async function resultOf(workflow: WorkflowHandle<() => Promise<DeploymentResult>>): Promise<DeploymentResult> {
  try {
    return await workflow.result();
  } catch (error) {
    const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
    const isEnd = cause instanceof ApplicationFailure && cause.type === deploymentFailure;
    if (!isEnd || !cause.details?.[0]) throw error;
    return cause.details[0] as DeploymentResult;
  }
}
