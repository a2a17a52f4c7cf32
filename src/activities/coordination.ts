import { asPast } from '../plan/service/job-runs';
import { openWindow } from '../plan/freeze-windows';
import { withHeartbeat } from './heartbeat';
import type { Activities } from './contract';
import type { Dependencies } from './dependencies';
import { executionOfTask } from './guards/permitted-activities';
import { SoftwareFault } from './failures';

type CoordinationActivities = Pick<
  Activities,
  | 'joinEnvironment'
  | 'admitRequest'
  | 'sealRelease'
  | 'claimSlot'
  | 'claimHost'
  | 'reportHost'
  | 'readHostBreakers'
  | 'recallEnvironment'
  | 'findOpenWindow'
  | 'readRelease'
  | 'isRunning'
  | 'endIfStuck'
>;

/** Calls between workflows that only an activity can make. */
export function coordinationActivities({
  directory,
  runtimes,
  statements,
  fleet = {},
}: Dependencies): CoordinationActivities {
  return {
    joinEnvironment: ({ windows = [], asked, auth = false, ...input }) =>
      withHeartbeat(async () => {
        const { required, always } = await statements.join(input, executionOfTask(), auth);
        const window = openWindow(windows, Date.now());
        await directory.join({
          ...input,
          ...(required && { statements: true }),
          ...(asked && { asked: { ...asked, ...(windows.length > 0 && { windows }), ...(window && { window }) } }),
        });
        return {
          ...fleet,
          ...(statements.seals && { seals: true }),
          ...(required && { statements: true }),
          ...(always && { policed: true }),
        };
      }),

    sealRelease: (place, digest) => withHeartbeat(async () => statements.seal(place, digest, executionOfTask())),

    admitRequest: (message) => withHeartbeat(async () => statements.admit(executionOfTask(), message)),

    claimHost: (host, claim) => withHeartbeat(() => directory.claimHost(host, claim)),

    reportHost: (host, report) => withHeartbeat(() => directory.reportHost(host, report)),

    readHostBreakers: (ids) =>
      withHeartbeat(async () => {
        const breakers = await Promise.all(ids.map((id) => directory.hostBreaker(id)));
        return Object.fromEntries(ids.flatMap((id, index) => (breakers[index] ? [[id, breakers[index]]] : [])));
      }),

    claimSlot: (claim) => withHeartbeat(() => directory.claimSlot(claim)),

    findOpenWindow: (windows) => withHeartbeat(async () => openWindow(windows, Date.now())),

    readRelease: ({ stack, environment }, number) =>
      withHeartbeat(async () => {
        const kept = await directory.release(stack, environment, number);
        if (!kept) throw new SoftwareFault(`release ${number} of ${stack}/${environment} is not kept`);
        return { stack: kept.stack, images: kept.images };
      }),

    isRunning: (workflowId) => withHeartbeat(() => directory.isRunning(workflowId)),

    endIfStuck: (workflowId, by) => withHeartbeat(() => directory.endIfStuck(workflowId, by)),

    recallEnvironment: ({ stack, environment, runtime, namespace }) =>
      withHeartbeat(async () => {
        const { instances } = await runtimes({ runtime, stack, environment, namespace }).observe({
          images: [],
          ports: [],
        });
        const [releases, lastDeployment] = await Promise.all([
          directory.releases(stack, environment),
          directory.lastDeployment(stack, environment),
        ]);
        const kept = await Promise.all(releases.map((number) => directory.release(stack, environment, number)));
        const newest = instances.reduce(
          (best, { deployment, release }) => (deployment > best.deployment ? { deployment, release } : best),
          { deployment: 0, release: 0 },
        );
        return {
          deployment: Math.max(newest.deployment, lastDeployment),
          release: Math.max(newest.release, ...releases),
          releases,
          runs: kept.flatMap((each) => (each ? asPast(each.jobs, each.deployment) : [])),
          ...(newest.deployment > 0 && { committed: newest }),
        };
      }),
  };
}
