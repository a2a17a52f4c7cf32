import { getExternalWorkflowHandle, patched, workflowInfo } from '@temporalio/workflow';
import type { AuditEntry } from '../../model/audit';
import { activity } from '../activity-options';
import { auditedSignal, environmentId, type DeploymentInput, type DeploymentResult } from '../messages';
import { patches } from '../patches';
import { inTurn } from '../turns';

/** Writes a request and what came of it into the audit trail, and tells the environment how long the trail is now. */
export async function recordRequest(input: DeploymentInput, begin: number, result: DeploymentResult): Promise<void> {
  if (!patched(patches.audit)) return;
  const { name: stack, environment, infrastructure } = input.stack;
  const place = { stack, environment };
  const record = activity('recordAudit', input.taskQueue, `record: ${input.intent.kind} by ${input.requestedBy}`)({ ...place, folder: infrastructure.dataDir }, entryOf(input, begin, result));
  const head = await record.catch(() => undefined);
  if (head) await inTurn(getExternalWorkflowHandle(environmentId(place)).signal(auditedSignal, { ...head, ...(infrastructure.dataDir !== undefined && { folder: infrastructure.dataDir }) })).catch(() => undefined);
}

function entryOf({ intent, requestedBy, requestedFrom, reason, target }: DeploymentInput, begin: number, { outcome, deployment, release, cause, refusals, forcedPast, steering }: DeploymentResult): AuditEntry {
  const what = [intent.kind, ...(intent.services ?? []), ...(target === undefined ? [] : [`release ${target}`]), ...(intent.force ? ['--force'] : [])].join(' ');
  const why = cause?.message ?? refusals[0]?.message;
  const steered = (steering ?? []).map(({ action, by, reason: because }) => `${action} by ${by}${because ? ` (${because})` : ''}`);
  const details = [...(release === undefined ? [] : [`release ${release} runs`]), ...(why === undefined ? [] : [why]), ...(forcedPast === undefined ? [] : [`past: ${forcedPast}`]), ...steered];
  return {
    id: workflowInfo().workflowId, at: begin, by: requestedBy, what,
    result: [outcome.replaceAll('_', ' '), ...details].join('; '),
    ...(requestedFrom !== undefined && { from: requestedFrom }), ...(reason !== undefined && { why: reason }), ...(deployment !== undefined && { deployment }),
  };
}
