import { Context } from '@temporalio/activity';
import type { Place } from '../../policy';

/** The stack and environment of the running activity, by the id of its workflow; undefined outside of activities. */
export function placeOfTask(): Place | undefined {
  const [kind, stack, environment] = workflowId()?.split('/') ?? [];
  return kind === 'host' || !stack || !environment ? undefined : { stack, environment };
}

function workflowId(): string | undefined {
  try {
    return Context.current().info.workflowExecution?.workflowId;
  } catch {
    return undefined;
  }
}
