import type { SerializationContext } from '@temporalio/common';

/** A schedule adds the time to the id of what it starts, after its input was encrypted. */
const scheduledAt = /-\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

/**
 * Where a payload belongs: namespace, whether to a workflow or an activity, and of which ids. Empty where the SDK does
 * not say, as for the memo of a schedule.
 */
export function bindingOf(context: SerializationContext | undefined): string {
  if (!context) return '';
  const { type, namespace, workflowId = '' } = context;
  const owner = workflowId.replace(scheduledAt, '');
  return JSON.stringify(
    context.type === 'activity' ? [type, namespace, owner, context.activityId ?? ''] : [type, namespace, owner],
  );
}
