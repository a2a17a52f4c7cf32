import { abortable } from '../guard/timers';
import { placeOfDeployment } from '../model/names';
import { canonical } from '../model/text/canonical';
import { withHeartbeat } from './heartbeat';
import type { Activities, AutomaticRequest } from './contract';
import type { Dependencies } from './dependencies';
import { SoftwareFault } from './failures';
import { executionOfTask } from './guards/permitted-activities';

type ScheduleActivities = Pick<
  Activities,
  'requestDeployment' | 'awaitDeployment' | 'cancelDeployment' | 'syncSchedules'
>;

/** Activities of schedules: deployments that they request, and their sync with the stack file. */
export function scheduleActivities(dependencies: Pick<Dependencies, 'directory' | 'statements'>): ScheduleActivities {
  const { directory } = dependencies;
  return {
    requestDeployment: (request) =>
      withHeartbeat(async () => {
        await requireOrder(dependencies, request.place, request.what);
        return directory.request(request);
      }),
    // When the worker shuts down, the wait ends, and the deployment goes on.
    awaitDeployment: (workflowId) => withHeartbeat(({ signal }) => abortable(directory.outcome(workflowId), signal)),
    cancelDeployment: (workflowId, by = 'its schedule') =>
      withHeartbeat(async () => {
        await requireOrder(dependencies, placeOfDeployment(workflowId));
        await directory.cancel(workflowId, by);
      }),
    syncSchedules: ({ stack, environment }, wanted, before) =>
      withHeartbeat(() => directory.syncSchedules({ stack, environment }, wanted, before)),
  };
}

/**
 * In a protected environment, workers act for the environment itself, and for schedules that were created with a
 * statement of a server: those do nothing else than was stated.
 */
async function requireOrder(
  { directory, statements }: Pick<Dependencies, 'directory' | 'statements'>,
  place: { stack: string; environment: string },
  what?: AutomaticRequest['what'],
): Promise<void> {
  if (!statements.demand(place)) return;
  const execution = executionOfTask();
  const isOwn = execution.workflowId === `environment/${place.stack}/${place.environment}`;
  if (isOwn && (what === undefined || what.kind === 'repair' || what.kind === 'rollback')) return;
  const begun = await directory.beginning(execution);
  const { spec } = (begun.args[0] ?? {}) as { spec?: { what?: unknown } };
  if (begun.type !== 'redeploy' || (what !== undefined && canonical(spec?.what) !== canonical(what)))
    throw new SoftwareFault(`only schedules and the watch of ${place.stack}/${place.environment} may have this done`);
  statements.requireSchedule(place, begun);
}
