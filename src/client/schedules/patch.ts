import { randomUUID } from 'node:crypto';
import { isGrpcServiceError, type Client, type ScheduleOverlapPolicy } from '@temporalio/client';
import { encodeScheduleOverlapPolicy } from '@temporalio/client/lib/schedule-types';
import { optionalDateToTs } from '@temporalio/common/lib/time';

/** Runs of a schedule in addition to its times: one now, or those of a past period. */
export interface ExtraRuns {
  overlap: ScheduleOverlapPolicy;
  period?: { from: Date; to: Date };
}

const notFound = 5;

/**
 * Requests runs of a schedule, once for each request id: the client of Temporal makes an id for each call. False if
 * there is no such schedule.
 */
export async function requestRuns(
  { connection, options: { namespace, identity } }: Client,
  scheduleId: string,
  { overlap, period }: ExtraRuns,
  requestId: string = randomUUID(),
): Promise<boolean> {
  const overlapPolicy = encodeScheduleOverlapPolicy(overlap);
  const times = period && { startTime: optionalDateToTs(period.from), endTime: optionalDateToTs(period.to) };
  const patch = times ? { backfillRequest: [{ ...times, overlapPolicy }] } : { triggerImmediately: { overlapPolicy } };
  try {
    await connection.workflowService.patchSchedule({ namespace, identity, scheduleId, requestId, patch });
    return true;
  } catch (error) {
    if (isGrpcServiceError(error) && Number(error.code) === notFound) return false;
    throw error;
  }
}
