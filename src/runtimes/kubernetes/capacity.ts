import type { V1Deployment, V1Node, V1Pod } from '@kubernetes/client-node';
import type { ResourceAmounts } from '../../model/instance';
import type { Capacity } from '../../model/observation';
import type { Scope } from '../runtime';
import { scopeLabels } from '../../kubernetes/names';
import { amountOf } from '../../kubernetes/quantities';
import type { KubernetesApi } from './api';
import { unlessForbidden } from './api/errors';
import { readForeignRecord } from './ledger/record';

/** A cluster as the engine identifies it. */
export interface Cluster {
  /** Its name in this worker. */
  host: string;
  /** Its identity, the same for all workers. */
  identity: () => Promise<string | undefined>;
  /** Its version if that is too old, else undefined. */
  tooOld: () => Promise<string | undefined>;
}

type Total = Required<ResourceAmounts>;

const none: Total = { cpus: 0, memory: 0, gpus: 0, storage: 0 };
/** Without permission to read nodes, the scheduler decides whether there is capacity. */
const unknown: Total = { cpus: 1e9, memory: 2 ** 60, gpus: 1e9, storage: 2 ** 60 };

/** Total of schedulable nodes, and the requests of other owners' pods. */
export async function observeCapacity(
  api: KubernetesApi,
  { host, identity }: Pick<Cluster, 'host' | 'identity'>,
  scope: Scope,
): Promise<Capacity> {
  const running = {
    fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed',
    labelSelector: 'app.kubernetes.io/managed-by!=deploy-code',
  };
  const [engine, nodes, foreign, stacks] = await Promise.all([
    identity(),
    unlessForbidden(() => api.list<V1Node>('/api/v1/nodes')),
    unlessForbidden(() => api.list<V1Pod>('/api/v1/pods', running)),
    otherStacks(api, scope),
  ]);
  const ofPods = (foreign ?? []).flatMap(({ spec }) =>
    (spec?.containers ?? []).map(({ resources }) => toAmounts(resources?.requests)),
  );
  return {
    host,
    runtime: 'kubernetes',
    engine,
    local: false,
    total: nodes ? sum(nodes.filter(isSchedulable).map(({ status }) => toAmounts(status?.allocatable))) : unknown,
    reservedByOthers: sum([...ofPods, ...stacks]),
  };
}

/**
 * Reservations of other stacks of the engine, from their workloads, as their pods may not exist yet. Unreadable ones
 * count as none.
 */
async function otherStacks(api: KubernetesApi, scope: Scope): Promise<Total[]> {
  const own = Object.entries(scopeLabels(scope));
  const kinds = ['deployments', 'statefulsets'];
  const found = await Promise.all(
    kinds.map((kind) =>
      unlessForbidden(() =>
        api.list<V1Deployment>(`/apis/apps/v1/${kind}`, { labelSelector: 'app.kubernetes.io/managed-by=deploy-code' }),
      ),
    ),
  );
  return found
    .flatMap((each) => each ?? [])
    .flatMap(({ metadata, spec }) => {
      const instance = own.every(([key, value]) => metadata?.labels?.[key] === value)
        ? undefined
        : readForeignRecord(metadata?.annotations);
      if (instance?.state !== 'running') return [];
      const { reserve } = instance.record;
      const replicas = spec?.replicas ?? 1;
      return [
        {
          cpus: (reserve.cpus ?? 0) * replicas,
          memory: (reserve.memory ?? 0) * replicas,
          gpus: (reserve.gpus ?? 0) * replicas,
          storage: (reserve.storage ?? 0) * replicas,
        },
      ];
    });
}

function isSchedulable({ spec, status }: V1Node): boolean {
  return (
    !spec?.unschedulable &&
    (status?.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') ?? false)
  );
}

function toAmounts(quantities: Record<string, string> = {}): Total {
  const of = (key: string) => amountOf(quantities[key]);
  return { cpus: of('cpu'), memory: of('memory'), gpus: of('nvidia.com/gpu'), storage: of('ephemeral-storage') };
}

function sum(all: Total[]): Total {
  return all.reduce(
    (total, each) => ({
      cpus: total.cpus + each.cpus,
      memory: total.memory + each.memory,
      gpus: total.gpus + each.gpus,
      storage: total.storage + each.storage,
    }),
    none,
  );
}
