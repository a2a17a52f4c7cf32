import type { Worker, WorkerOptions } from '@temporalio/worker';
import type { RuntimeName } from '../model/runtimes';
import type { DockerEndpoint } from '../runtimes/docker/api/connection';
import type { HostKind } from '../runtimes';
import type { ClusterEndpoint } from '../runtimes/kubernetes/api/connection';
import type { RuntimeDriver } from '../runtimes/runtime';
import { hostQueue } from '../workflows/messages';

/** A host that a worker serves on the task queue of the host. */
export interface ServedHost {
  name: string;
  docker?: DockerEndpoint;
  cluster?: ClusterEndpoint;
  /** Runtimes to use instead of Docker or the cluster. */
  runtimes?: Partial<Record<RuntimeName, RuntimeDriver>>;
}

/** A task queue and the activities that a worker runs for it. */
export interface ServedQueue {
  taskQueue: string;
  activities: NonNullable<WorkerOptions['activities']>;
}

/** The kind of a named host; undefined for the default task queue, on which several runtimes may be used. */
export function kindOf({ name, cluster, runtimes }: Partial<ServedHost>): HostKind | undefined {
  if (name === undefined || runtimes) return undefined;
  return cluster ? 'kubernetes' : 'docker';
}

/** The task queue of each host: the same activities, with the runtime of the host. */
export function queuesOf(
  hosts: readonly ServedHost[],
  activitiesOn: (host: ServedHost) => ServedQueue['activities'],
): ServedQueue[] {
  return hosts.map((host) => ({ taskQueue: hostQueue(host.name), activities: activitiesOn(host) }));
}

/** Runs all workers. If one fails, shuts the others down, so that no process serves only some of its queues. */
export async function runAll(workers: readonly Worker[], shutdown: () => void): Promise<void> {
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
