import { getExternalWorkflowHandle, patched, workflowInfo } from '@temporalio/workflow';
import type { Stack } from '../config/stack';
import { activity } from './activity-options';
import { auditedSignal, environmentId, type Act } from './messages';
import { patches } from './patches';
import { inTurn } from './turns';

/**
 * Writes what somebody is about to do into the audit trail, and tells its environment how long that is now.
 * @throws ApplicationFailure where it cannot be recorded: then it must not be done
 */
export async function recordAct({ name: stack, environment, infrastructure }: Stack, taskQueue: string, what: string, { by = 'unknown', from }: Act = {}): Promise<void> {
  if (!patched(patches.auditedActs)) return;
  const { workflowId } = workflowInfo();
  const folder = infrastructure.dataDir === undefined ? {} : { folder: infrastructure.dataDir };
  const entry = { id: workflowId, at: Date.now(), by, what, result: 'asked for', ...(from !== undefined && { from }) };
  const head = await activity('recordAudit', taskQueue, `record: ${what} by ${by}`)({ stack, environment, ...folder }, entry);
  const told = getExternalWorkflowHandle(environmentId({ stack, environment })).signal(auditedSignal, { ...head, ...folder });
  await inTurn(told).catch(() => undefined);
}
