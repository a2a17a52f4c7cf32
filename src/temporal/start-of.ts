import type { Client } from '@temporalio/client';
import { decodeFromPayloadsAtIndex } from '@temporalio/common/lib/internal-non-workflow';
import type { DeploymentInput } from '../workflows/messages';

/**
 * The input of a deployment, from the first event of its history.
 * @throws Error if Temporal does not answer, or the input cannot be decoded
 */
export async function startOf(
  { connection, options }: Client,
  workflowId: string,
  runId: string,
): Promise<DeploymentInput> {
  const { history } = await connection.workflowService.getWorkflowExecutionHistory({
    namespace: options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const input = history?.events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads;
  return decodeFromPayloadsAtIndex<DeploymentInput>(options.loadedDataConverter, 0, input, {
    type: 'workflow',
    namespace: options.namespace,
    workflowId,
  });
}
