import { abortable } from '../guard/timers';
import { withHeartbeat } from './heartbeat';
import type { Activities } from './contract';
import type { Dependencies } from './dependencies';

type ScheduleActivities = Pick<
  Activities,
  'requestDeployment' | 'awaitDeployment' | 'cancelDeployment' | 'syncSchedules'
>;

/** Activities of schedules: deployments that they request, and their sync with the stack file. */
export function scheduleActivities({ directory }: Dependencies): ScheduleActivities {
  return {
    requestDeployment: (request) => withHeartbeat(() => directory.request(request)),
    // When the worker shuts down, the wait ends, and the deployment goes on.
    awaitDeployment: (workflowId) => withHeartbeat(({ signal }) => abortable(directory.outcome(workflowId), signal)),
    cancelDeployment: (workflowId) => withHeartbeat(() => directory.cancel(workflowId, 'its schedule')),
    syncSchedules: ({ stack, environment }, wanted, before) =>
      withHeartbeat(() => directory.syncSchedules({ stack, environment }, wanted, before)),
  };
}
