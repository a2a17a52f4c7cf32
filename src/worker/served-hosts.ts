import type { Worker, WorkerOptions } from '@temporalio/worker';
import type { RuntimeName } from '../model/runtimes';
import type { DockerEndpoint } from '../runtimes/docker/api/connection';
import type { HostKind } from '../runtimes';
import type { ClusterEndpoint } from '../runtimes/kubernetes/api/connection';
import type { RuntimeDriver } from '../runtimes/runtime';
import { hostQueue } from '../workflows/messages';

/** A host that a worker acts on, on a task queue of its own. */
export interface ServedHost {
  name: string;
  docker?: DockerEndpoint;
  cluster?: ClusterEndpoint;
  /** Runtimes to use instead of Docker or the cluster. */
  runtimes?: Partial<Record<RuntimeName, RuntimeDriver>>;
}

/** What is polled for one place where instances run. */
export interface Post {
  taskQueue: string;
  activities: NonNullable<WorkerOptions['activities']>;
}

/** A host is one thing; what workers find by themselves may be several. */
export function kindOf({ name, cluster, runtimes }: Partial<ServedHost>): HostKind | undefined {
  if (name === undefined || runtimes) return undefined;
  return cluster ? 'kubernetes' : 'docker';
}

/** A post for each host: the same activities, on other runtimes. */
export function postsOf(hosts: readonly ServedHost[], activitiesOn: (host: ServedHost) => Post['activities']): Post[] {
  return hosts.map((host) => ({ taskQueue: hostQueue(host.name), activities: activitiesOn(host) }));
}

/** One that breaks off takes the others along, in peace: half a worker would look like a whole one. */
export async function allToTheEnd(workers: readonly Worker[], shutdown: () => void): Promise<void> {
  const ends = await Promise.allSettled(
    workers.map((worker) =>
      worker.run().catch((error: unknown) => {
        shutdown();
        throw error;
      }),
    ),
  );
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
