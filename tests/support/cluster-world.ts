import {
  AppsV1Api,
  BatchV1Api,
  CoreV1Api,
  NetworkingV1Api,
  PolicyV1Api,
  type V1Pod,
  type V1PodStatus,
} from '@kubernetes/client-node';
import type { Stack } from '../../src/config';
import { clusterConfig, deleteNamespace } from './cluster';
import { images } from './image';
import { stackOf, uniqueName } from './stack';

type Data = Record<string, unknown>;

interface Listed {
  metadata?: { name?: string; uid?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  spec?: unknown;
  data?: unknown;
}

export const namespaceOf = ({ name }: Pick<Stack, 'name'>): string => `${name}-test`;

/** A busy node takes its time to start a pod. */
export const probed = {
  health_check: { http: ':8080/healthz', interval: '500ms', start_period: '30s' },
  stop_grace_period: '1s',
};

/** A stack on the cluster of the tests. */
export function clusterStack(services: Data, more: Data = {}): Stack {
  const { infrastructure = {}, ...rest } = more;
  return stackOf({
    name: uniqueName('cluster'),
    environment: 'test',
    infrastructure: { orchestrator: 'Kubernetes', ...(infrastructure as Data) },
    deployment: { max_parallel: 8, ...((rest.deployment ?? {}) as Data) },
    services,
    ...rest,
  });
}

/** `count` services in `phases`, each depending on one of the phase before; `change` alters one of them. */
export function layered(count: number, phases: number, change: (index: number) => Data = () => ({})): Data {
  const perPhase = count / phases;
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `s${index}`,
      {
        image: images.app,
        ...probed,
        ...(index >= perPhase && { depends_on: { [`s${index - perPhase}`]: 'healthy' } }),
        ...change(index),
      },
    ]),
  );
}

/** Everything of a stack that lasts: by kind and name its spec, its data, its labels, and which object it is. */
export async function specs(stack: Pick<Stack, 'name'>): Promise<Record<string, unknown>> {
  const config = clusterConfig();
  const namespace = namespaceOf(stack);
  const [apps, core, batch, net, policy] = [
    config.makeApiClient(AppsV1Api),
    config.makeApiClient(CoreV1Api),
    config.makeApiClient(BatchV1Api),
    config.makeApiClient(NetworkingV1Api),
    config.makeApiClient(PolicyV1Api),
  ];
  const lists: [string, { items: Listed[] }][] = [
    ['Deployment', await apps.listNamespacedDeployment({ namespace })],
    ['StatefulSet', await apps.listNamespacedStatefulSet({ namespace })],
    ['Job', await batch.listNamespacedJob({ namespace })],
    ['Service', await core.listNamespacedService({ namespace })],
    ['ConfigMap', await core.listNamespacedConfigMap({ namespace })],
    ['Secret', await core.listNamespacedSecret({ namespace, labelSelector: '!deploy-code.io/ledger' })],
    ['PersistentVolumeClaim', await core.listNamespacedPersistentVolumeClaim({ namespace })],
    ['Ingress', await net.listNamespacedIngress({ namespace })],
    ['NetworkPolicy', await net.listNamespacedNetworkPolicy({ namespace })],
    ['PodDisruptionBudget', await policy.listNamespacedPodDisruptionBudget({ namespace })],
  ];
  return Object.fromEntries(
    lists.flatMap(([kind, { items }]) =>
      items
        .filter(({ metadata }) => metadata?.name !== 'kube-root-ca.crt')
        .map(({ metadata, spec, data }) => [
          `${kind} ${metadata!.name}`,
          {
            uid: metadata!.uid,
            labels: metadata!.labels,
            instance: metadata!.annotations?.['deploy-code.io/instance'],
            state: metadata!.annotations?.['deploy-code.io/state'],
            spec,
            data,
          },
        ]),
    ),
  );
}

/** `api 2/2`, sorted: pods that are ready, of those that are there; behind it why one is not that shall be. */
export async function ready(stack: Pick<Stack, 'name'>): Promise<string[]> {
  const core = clusterConfig().makeApiClient(CoreV1Api);
  const namespace = namespaceOf(stack);
  const { items: all } = await core.listNamespacedPod({ namespace });
  const items = all.filter(({ metadata }) => !metadata!.deletionTimestamp);
  const names = [...new Set(items.map(({ metadata }) => metadata!.labels!['app.kubernetes.io/name']!))].sort();
  return Promise.all(
    names.map(async (name) => {
      const own = items.filter(({ metadata }) => metadata!.labels!['app.kubernetes.io/name'] === name);
      const [late] = own.filter(
        ({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed' && !isReady(status),
      );
      const ready = own.filter(({ status }) => isReady(status));
      return `${name} ${ready.length}/${own.length}${late ? `: ${await whyNot(core, late)}` : ''}`;
    }),
  );
}

function isReady(status: V1PodStatus | undefined): boolean {
  return status?.containerStatuses?.every((each) => each.ready) ?? false;
}

async function whyNot(core: CoreV1Api, { metadata, status }: V1Pod): Promise<string> {
  const { name, namespace } = metadata!;
  const { items } = await core.listNamespacedEvent({
    namespace: namespace!,
    fieldSelector: `involvedObject.name=${name}`,
  });
  const states = status?.containerStatuses?.map(({ state, lastState, restartCount }) => ({
    state,
    lastState,
    restartCount,
  }));
  return JSON.stringify({
    states,
    events: items.map(
      ({ reason, message, count, lastTimestamp }) => `${lastTimestamp?.toISOString()} ${reason} x${count}: ${message}`,
    ),
  });
}

export async function wipe(name: string): Promise<void> {
  await deleteNamespace(`${name}-test`);
}
