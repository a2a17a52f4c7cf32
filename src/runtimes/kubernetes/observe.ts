import type { V1Deployment, V1Pod } from '@kubernetes/client-node';
import { isWorkload } from '../../kubernetes';
import { alterationsOf } from '../../kubernetes/alterations';
import { labelSelector, scopeLabels } from '../../kubernetes/names';
import { inState } from '../../kubernetes/record';
import type { Observation, ObservedInstance, Unreadable } from '../../model/observation';
import { RuntimeError, type Questions, type Scope } from '../runtime';
import type { KubernetesApi } from './api';
import { unlessForbidden } from './api/errors';
import { observeCapacity, type Cluster } from './capacity';
import { observeVolumes } from './claims';
import { Ledger } from './ledger';
import { statusOf, toLive, type Live, type LiveWorkload } from './live';
import { namespaceOf } from './namespaces';
import { collection, podsIn, workloadKinds, type WorkloadKind } from './api/paths';

/**
 * Observes a cluster by one listing per kind, however many workloads there are; with `closely`, also compares each with
 * its applied manifest.
 */
export async function observe(
  api: KubernetesApi,
  cluster: Cluster,
  scope: Scope,
  { closely = false, gateway = false }: Pick<Questions, 'closely' | 'gateway'>,
): Promise<Omit<Observation, 'secrets'>> {
  const namespace = namespaceOf(scope);
  const pods = await api.list<V1Pod>(podsIn(namespace));
  const [workloads, volumes, capacity, elsewhere, gateways, tooOld] = await Promise.all([
    Promise.all(workloadKinds.map((kind) => workloadsOf(api, scope, kind, namespace))),
    observeVolumes(api, namespace, scope, pods),
    observeCapacity(api, cluster, scope),
    findElsewhere(api, scope, namespace),
    gateway ? hasGatewayApi(api) : true,
    cluster.tooOld(),
  ]);
  const { readable, unreadable } = sortOut(workloads.flat(), pods);
  const instances = await Promise.all(
    readable.map(async (live) => ({
      ...toObserved(live),
      ...(closely && { altered: await alterationsIn(new Ledger(api, scope), live) }),
    })),
  );
  return {
    instances,
    ...(unreadable.length > 0 && { unreadable }),
    networks: [],
    volumes,
    images: [],
    portsInUse: [],
    capacity,
    ...(elsewhere.length > 0 && { elsewhere }),
    ...(!gateways && { lacksGateways: true }),
    ...(tooOld !== undefined && { tooOld }),
  };
}

interface Listed {
  kind: WorkloadKind;
  workload: LiveWorkload;
}

async function workloadsOf(api: KubernetesApi, scope: Scope, kind: WorkloadKind, namespace: string): Promise<Listed[]> {
  const own = { labelSelector: labelSelector(scopeLabels(scope)) };
  const workloads = await api.list<LiveWorkload>(collection(kind, namespace), own);
  return workloads.map((workload) => ({ kind, workload }));
}

/** Separates workloads with invalid annotations, so that they do not affect the others. */
function sortOut(listed: Listed[], pods: V1Pod[]): { readable: Live[]; unreadable: Unreadable[] } {
  const readable: Live[] = [];
  const unreadable: Unreadable[] = [];
  for (const {
    kind: { kind },
    workload,
  } of listed) {
    try {
      readable.push(...[toLive(workload, kind, pods)].filter((live) => live !== undefined));
    } catch (error) {
      const { namespace, name } = workload.metadata!;
      const remove = `kubectl delete ${kind.toLowerCase()} ${name} --namespace ${namespace}`;
      unreadable.push({ name: `${namespace}/${name}`, why: (error as Error).message, remove });
    }
  }
  return { readable, unreadable };
}

/** Other namespaces with workloads of the stack: after a change of the namespace it would run twice. */
async function findElsewhere(api: KubernetesApi, scope: Scope, namespace: string): Promise<string[]> {
  const own = { labelSelector: labelSelector(scopeLabels(scope)) };
  const found = await Promise.all(
    ['deployments', 'statefulsets'].map((kind) =>
      unlessForbidden(() => api.list<LiveWorkload>(`/apis/apps/v1/${kind}`, own)),
    ),
  );
  const names = found.flatMap((workloads) => workloads ?? []).map(({ metadata }) => metadata!.namespace!);
  return [...new Set(names)].filter((name) => name !== namespace);
}

/** Without permission to check, the error surfaces when the route is applied. */
async function hasGatewayApi(api: KubernetesApi): Promise<boolean> {
  return (
    (await unlessForbidden(async () => (await api.find('/apis/gateway.networking.k8s.io/v1')) !== undefined)) ?? true
  );
}

/** Changes to a workload since it was applied. An unusable entry in the ledger is reported as a change. */
async function alterationsIn(ledger: Ledger, { name, workload, intended }: Live): Promise<string[]> {
  try {
    const applied = (await ledger.read(name))?.current.manifests.find(isWorkload);
    return applied && intended === 'running' ? alterationsOf(inState(applied, intended), workload) : [];
  } catch (error) {
    if (error instanceof RuntimeError && error.kind === 'software')
      return [`without a usable record: ${error.message}`];
    throw error;
  }
}

function toObserved(live: Live): ObservedInstance {
  const { name, record, intended, workload, pods } = live;
  const { image = '', networks, ...rest } = record;
  const status = statusOf(live);
  const template = (workload as V1Deployment).spec?.template?.spec;
  return {
    ...rest,
    name,
    id: workload.metadata!.uid!,
    image,
    imageId: pods[0]?.status?.containerStatuses?.[0]?.imageID ?? '',
    state: status.state,
    policy: intended === 'retired' ? 'no' : record.restart,
    exitCode: status.exitCode,
    outOfMemory: status.outOfMemory,
    restarts: status.restarts,
    mounts: (template?.volumes ?? []).flatMap(({ persistentVolumeClaim }) =>
      persistentVolumeClaim
        ? [
            {
              type: 'volume' as const,
              volume: `${workload.metadata!.namespace}/${persistentVolumeClaim.claimName}`,
              target: '',
              readOnly: persistentVolumeClaim.readOnly ?? false,
            },
          ]
        : [],
    ),
    networks: networks.map((network) => network.name),
    names: networks,
  };
}
