import { patched, workflowInfo } from '@temporalio/workflow';
import type { AuditEntry } from '../../../model/audit';
import type { DeploymentInput, DeploymentResult } from '../../messages';
import { patches } from '../../support/patches';
import { auditPlaceOf, writeRecord } from '../../support/recorded-act';

/** Records a request and its outcome in the audit trail, and signals the new head to the environment. */
export async function recordRequest(input: DeploymentInput, begin: number, result: DeploymentResult): Promise<void> {
  if (!patched(patches.audit)) return;
  const { taskQueue, intent, requestedBy } = input;
  const record = {
    taskQueue,
    summary: `record: ${intent.kind} by ${requestedBy}`,
    entry: entryOf(input, begin, result),
  };
  await writeRecord(auditPlaceOf(input.stack), record).catch(() => undefined);
}

function entryOf(
  { intent, requestedBy, requestedFrom, reason, target }: DeploymentInput,
  begin: number,
  { outcome, deployment, release, cause, refusals, forcedPast, steering }: DeploymentResult,
): AuditEntry {
  const what = [
    intent.kind,
    ...(intent.services ?? []),
    ...(target === undefined ? [] : [`release ${target}`]),
    ...(intent.force ? ['--force'] : []),
  ].join(' ');
  const why = cause?.message ?? refusals[0]?.message;
  const steered = (steering ?? []).map(
    ({ action, by, reason: because }) => `${action} by ${by}${because ? ` (${because})` : ''}`,
  );
  const details = [
    ...(release === undefined ? [] : [`release ${release} runs`]),
    ...(why === undefined ? [] : [why]),
    ...(forcedPast === undefined ? [] : [`past: ${forcedPast}`]),
    ...steered,
  ];
  return {
    id: workflowInfo().workflowId,
    at: begin,
    by: requestedBy,
    what,
    result: [outcome.replaceAll('_', ' '), ...details].join('; '),
    ...(requestedFrom !== undefined && { from: requestedFrom }),
    ...(reason !== undefined && { why: reason }),
    ...(deployment !== undefined && { deployment }),
  };
}
