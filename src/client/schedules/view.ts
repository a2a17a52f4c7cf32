import { ScheduleOverlapPolicy, type ScheduleDescription } from '@temporalio/client';
import type { Overlap, Recurring, ScheduleSpec } from '../../model/schedule';
import { BadRequest } from '../../temporal/errors';
import { placeAttributes, taskQueue, type RedeployInput } from '../../workflows/messages';
import { fits } from '../../workflows/messages/shape';
import { inputs } from '../../workflows/messages/shapes';

/** Schedules as Temporal keeps them, and as clients see them. */

export const overlaps: Record<Overlap, ScheduleOverlapPolicy> = {
  skip: ScheduleOverlapPolicy.SKIP,
  buffer_one: ScheduleOverlapPolicy.BUFFER_ONE,
  cancel_other: ScheduleOverlapPolicy.CANCEL_OTHER,
};

export interface ScheduleView {
  spec: ScheduleSpec;
  source: RedeployInput['source'];
  paused: boolean;
  note?: string;
  next: Date[];
  recent: { at: Date; workflowId: string; runId: string }[];
}

/** A schedule that this client cannot read. */
export class UnreadableSchedule extends BadRequest {
  constructor(name: string) {
    super(unreadableText(name));
  }
}

/** Message for a schedule that this client cannot read, with advice. */
export function unreadableText(name: string): string {
  const advice = `delete it with \`deploy-code schedule delete ${name}\``;
  return `the schedule ${name} was not created by deploy-code, or with another encryption key; ${advice}`;
}

/** The options of Temporal for a schedule that starts redeployments. */
export function toOptions(input: RedeployInput) {
  const { place, spec } = input;
  return {
    spec: {
      cronExpressions: spec.cron,
      ...(spec.everyMs !== undefined && { intervals: [{ every: spec.everyMs }] }),
      timezone: spec.timeZone,
      jitter: spec.jitterMs,
    },
    action: {
      type: 'startWorkflow' as const,
      workflowType: 'redeploy',
      workflowId: `redeploy/${place.stack}/${place.environment}/${spec.name}`,
      taskQueue,
      args: [input],
      typedSearchAttributes: placeAttributes(place),
    },
    policies: { overlap: overlaps[spec.overlap], catchupWindow: spec.catchupMs },
  };
}

/** @throws UnreadableSchedule if it does not start a redeployment of this engine */
export function toView(
  name: string,
  { action, state, info }: ScheduleDescription,
): ScheduleView & { isSigned: boolean } {
  const input: unknown = action.args?.[0];
  if (action.workflowType !== 'redeploy' || !fits(input, inputs.redeploy)) throw new UnreadableSchedule(name);
  const { spec, source, statement } = input as RedeployInput;
  if (!isComplete(spec.what)) throw new UnreadableSchedule(name);
  return {
    spec,
    source,
    isSigned: statement !== undefined,
    paused: state.paused,
    note: state.note,
    next: info.nextActionTimes,
    recent: info.recentActions.map(({ takenAt, action: { workflow } }) => ({
      at: takenAt,
      workflowId: workflow.workflowId,
      runId: workflow.firstExecutionRunId,
    })),
  };
}

function isComplete(what: Recurring): boolean {
  return what.kind === 'restart' ? what.services !== undefined : what.kind === 'deploy' || what.job !== undefined;
}

export function unlessUnreadable(error: unknown): 'unreadable' {
  if (error instanceof UnreadableSchedule) return 'unreadable';
  throw error;
}
