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
    awaitDeployment: (workflowId) =>
      withHeartbeat(({ signal }) => Promise.race([directory.outcome(workflowId), rejectOnAbort(signal)])),
    cancelDeployment: (workflowId) => withHeartbeat(() => directory.cancel(workflowId, 'its schedule')),
    syncSchedules: ({ stack, environment }, wanted, before) =>
      withHeartbeat(() => directory.syncSchedules({ stack, environment }, wanted, before)),
  };
}

/** Ends the wait without ending the deployment, also when the worker shuts down. */
function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
}
