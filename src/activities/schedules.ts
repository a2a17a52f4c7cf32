import { alive } from './alive';
import type { Activities } from './contract';
import type { Dependencies } from './dependencies';

type ScheduleActivities = Pick<Activities, 'requestDeployment' | 'awaitDeployment' | 'syncSchedules'>;

/** What schedules ask for, and how they are kept in step with the stack file. */
export function scheduleActivities({ directory }: Dependencies): ScheduleActivities {
  return {
    requestDeployment: (request) => alive(() => directory.request(request)),
    awaitDeployment: (workflowId) => alive(({ signal }) => directory.outcome(workflowId, signal)),
    syncSchedules: (context, wanted) => alive(() => directory.syncSchedules({ stack: context.stack, environment: context.environment }, wanted)),
  };
}
