import type { Recollection } from '../../activities/contract';
import { activity } from '../support/activity-options';
import { all, hostNamed, whereServed, type HostQueue } from '../hosts';
import { taskQueue, type EnvironmentState, type JoinRequest } from '../messages';

/** Recovers the numbers of an environment from labels on all hosts, and from Temporal's visibility. */
export async function recall(
  { place, runtime }: EnvironmentState,
  { hosts, namespace }: Pick<JoinRequest, 'hosts' | 'namespace'> = {},
): Promise<Recollection> {
  const queues: HostQueue[] = hosts?.length ? hosts.map(hostNamed) : [{ taskQueue }];
  const recollections = await all(queues, (host) =>
    whereServed(host, () =>
      activity(
        'recallEnvironment',
        host.taskQueue,
        'recall the numbers of this environment',
      )({ ...place, runtime, ...(namespace !== undefined && { namespace }) }),
    ),
  );
  return recollections.reduce(newest);
}

/** Merges recollections: all hosts know the kept releases, but only the instances of their own host. */
function newest(one: Recollection, other: Recollection): Recollection {
  const committed = newestOf(one.committed, other.committed);
  return {
    ...one,
    deployment: Math.max(one.deployment, other.deployment),
    release: Math.max(one.release, other.release),
    ...(committed && { committed }),
  };
}

function newestOf(one: Recollection['committed'], other: Recollection['committed']): Recollection['committed'] {
  return (other?.deployment ?? 0) > (one?.deployment ?? 0) ? other : one;
}
