import { alive } from './alive';
import type { Activities } from './contract';
import type { Dependencies } from './dependencies';

type ScheduleActivities = Pick<
  Activities,
  'requestDeployment' | 'awaitDeployment' | 'cancelDeployment' | 'syncSchedules'
>;

/** What schedules ask for, and how they are kept in step with the stack file. */
export function scheduleActivities({ directory }: Dependencies): ScheduleActivities {
  return {
    requestDeployment: (request) => alive(() => directory.request(request)),
    awaitDeployment: (workflowId) =>
      alive(({ signal }) => Promise.race([directory.outcome(workflowId), aborted(signal)])),
    cancelDeployment: (workflowId) => alive(() => directory.cancel(workflowId, 'its schedule')),
    syncSchedules: ({ stack, environment }, wanted, before) =>
      alive(() => directory.syncSchedules({ stack, environment }, wanted, before)),
  };
}

/** Whatever ends the activity, a worker that shuts down among it, leaves the deployment alone. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );
}
