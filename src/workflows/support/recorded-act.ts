import { getExternalWorkflowHandle, patched, workflowInfo } from '@temporalio/workflow';
import type { AuditPlace } from '../../activities/contract';
import type { Stack } from '../../model/stack';
import type { AuditEntry } from '../../model/audit';
import { activity } from './activity-options';
import { auditedSignal, environmentId, type Act } from '../messages';
import { patches } from './patches';
import { serialised } from './serialised-events';

/** The audit trail for acts on a stack. */
export function auditPlaceOf({ name: stack, environment, infrastructure: { dataDir: folder } }: Stack): AuditPlace {
  return { stack, environment, ...(folder !== undefined && { folder }) };
}

/**
 * Records an act in the audit trail before it is performed, and signals the new head to the environment.
 * @throws ActivityFailure if it cannot be recorded: then it must not be performed
 */
export async function recordAct(
  place: AuditPlace,
  taskQueue: string,
  what: string,
  { by = 'unknown', from }: Act = {},
): Promise<void> {
  if (!patched(patches.auditedActs)) return;
  const { workflowId } = workflowInfo();
  const entry = { id: workflowId, at: Date.now(), by, what, result: 'asked for', ...(from !== undefined && { from }) };
  await writeRecord(place, { taskQueue, summary: `record: ${what} by ${by}`, entry });
}

/**
 * Adds a record to an audit trail, and signals the new head to the environment.
 * @throws ActivityFailure if it cannot be written
 */
export async function writeRecord(place: AuditPlace, { taskQueue, summary, entry }: RecordToWrite): Promise<void> {
  const head = await activity('recordAudit', taskQueue, summary)(place, entry);
  const { folder } = place;
  const signalled = getExternalWorkflowHandle(environmentId(place)).signal(auditedSignal, {
    ...head,
    ...(folder !== undefined && { folder }),
  });
  await serialised(signalled).catch(() => undefined);
}

export interface RecordToWrite {
  taskQueue: string;
  /** Summary for the Temporal UI. */
  summary: string;
  entry: AuditEntry;
}
