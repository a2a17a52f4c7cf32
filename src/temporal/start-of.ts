import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';
import { defaultPayloadConverter } from '@temporalio/common';
import { statementHeader } from '../model/access';
import type { DeploymentInput } from '../workflows/messages';

/** How a run of a workflow was started. */
export interface Start {
  type: string;
  args: unknown[];
  /** From the header of the start. */
  statement?: string;
  /** In ms since the epoch, by the clock of Temporal. */
  at: number;
  /** The first event was copied from an earlier run. */
  isReset: boolean;
}

/**
 * The start of a run, from the first event of its history.
 * @throws Error if Temporal does not answer, or the input cannot be decoded
 */
export async function beginningOf(client: Client, workflowId: string, runId: string): Promise<Start> {
  const { connection, options } = client;
  const { history } = await connection.workflowService.getWorkflowExecutionHistory({
    namespace: options.namespace,
    execution: { workflowId, runId },
    maximumPageSize: 1,
  });
  const [event] = history?.events ?? [];
  const started = event?.workflowExecutionStartedEventAttributes ?? {};
  const context = { type: 'workflow' as const, namespace: options.namespace, workflowId };
  const args = await decodeArrayFromPayloads(options.loadedDataConverter, started.input?.payloads, context);
  const header = started.header?.fields?.[statementHeader];
  const statement: unknown = header ? defaultPayloadConverter.fromPayload(header) : undefined;
  return {
    type: started.workflowType?.name ?? '',
    args,
    ...(typeof statement === 'string' && { statement }),
    at: Number(event?.eventTime?.seconds ?? 0) * 1000 + Number(event?.eventTime?.nanos ?? 0) / 1e6,
    isReset: started.originalExecutionRunId !== runId,
  };
}

/**
 * The input of a deployment.
 * @throws Error if Temporal does not answer, or the input cannot be decoded
 */
export async function startOf(client: Client, workflowId: string, runId: string): Promise<DeploymentInput> {
  const { args } = await beginningOf(client, workflowId, runId);
  return args[0] as DeploymentInput;
}
