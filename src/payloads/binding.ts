import type { SerializationContext } from '@temporalio/common';

/** A schedule appends the time to the id of a workflow after its input was encrypted. */
const scheduledAt = /-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/**
 * The owner of a payload: namespace, type (workflow or activity) and ids. Empty if the SDK gives none, as for the memo
 * of a schedule.
 */
export function bindingOf(context: SerializationContext | undefined): string {
  if (!context) return '';
  const { type, namespace, workflowId = '' } = context;
  const owner = workflowId.replace(scheduledAt, '');
  return JSON.stringify(
    context.type === 'activity' ? [type, namespace, owner, context.activityId ?? ''] : [type, namespace, owner],
  );
}
