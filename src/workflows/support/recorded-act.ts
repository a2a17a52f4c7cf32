import { getExternalWorkflowHandle, patched, workflowInfo } from '@temporalio/workflow';
import type { AuditPlace } from '../../activities/contract';
import type { Stack } from '../../model/stack';
import type { AuditEntry } from '../../model/audit';
import { activity } from './activity-options';
import { auditedSignal, environmentId, type Act } from '../messages';
import { patches } from './patches';
import { serialised } from './serialised-events';

/** Whose trail the acts on a stack are written to. */
export function auditPlaceOf({ name: stack, environment, infrastructure: { dataDir: folder } }: Stack): AuditPlace {
  return { stack, environment, ...(folder !== undefined && { folder }) };
}

/**
 * Writes what somebody is about to do into the audit trail, and tells its environment how long that is now.
 * @throws ApplicationFailure where it cannot be recorded: then it must not be done
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
 * Adds a record to an audit trail, and tells the environment where the trail ends now.
 * @throws ActivityFailure where it cannot be written
 */
export async function writeRecord(place: AuditPlace, { taskQueue, summary, entry }: RecordToWrite): Promise<void> {
  const head = await activity('recordAudit', taskQueue, summary)(place, entry);
  const { folder } = place;
  const told = getExternalWorkflowHandle(environmentId(place)).signal(auditedSignal, {
    ...head,
    ...(folder !== undefined && { folder }),
  });
  await serialised(told).catch(() => undefined);
}

export interface RecordToWrite {
  taskQueue: string;
  /** As the Temporal UI shows it. */
  summary: string;
  entry: AuditEntry;
}
