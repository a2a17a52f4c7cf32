import type { Manifest } from '../../src/kubernetes';
import { KubernetesApi } from '../../src/runtimes/kubernetes/api';
import { connectCluster } from '../../src/runtimes/kubernetes/api/connection';
import { collection, madeKinds, pathOf } from '../../src/runtimes/kubernetes/api/paths';
import { until } from './until';

/** An object as the cluster keeps it. */
export interface Kept {
  metadata: {
    name: string;
    uid: string;
    resourceVersion?: string;
    managedFields?: { subresource?: string }[];
    annotations?: Record<string, string>;
  };
  status?: unknown;
}

/** The cluster of the tests, as somebody who may do anything there. */
export function anybody(): KubernetesApi {
  return new KubernetesApi(connectCluster({ kubeconfig: process.env.DEPLOY_CODE_TEST_KUBECONFIG }));
}

const claims = { apiVersion: 'v1', kind: 'PersistentVolumeClaim' } as const;

/** Everything that is in a namespace and lasts, by its path; without what controllers say of it. */
export async function objectsIn(api: KubernetesApi, namespace: string): Promise<Record<string, unknown>> {
  const lists = await Promise.all(
    [...madeKinds, claims].map(async (kind) => {
      const path = collection(kind, namespace);
      const items = await api.list<Kept>(path);
      return items.map((each) => [`${path}/${each.metadata.name}`, lasting(each)] as const);
    }),
  );
  return Object.fromEntries(lists.flat().filter(([path]) => !path.endsWith('/kube-root-ca.crt')));
}

function lasting({
  status: _,
  metadata: { resourceVersion: __, managedFields, annotations, ...metadata },
  ...rest
}: Kept): unknown {
  const { 'deployment.kubernetes.io/revision': ___, ...own } = annotations ?? {};
  const fields = managedFields?.filter(({ subresource }) => subresource !== 'status');
  return { ...rest, metadata: { ...metadata, annotations: own, managedFields: fields } };
}

/** Makes an object of somebody else that has the name of one of ours; resolves once its controller has seen it. */
export async function occupy(api: KubernetesApi, manifest: Manifest, labels: Record<string, string>): Promise<string> {
  const { name, namespace } = manifest.metadata;
  await api.post(collection(manifest, namespace), { ...idle(manifest), metadata: { name, namespace, labels } });
  if (manifest.kind === 'Deployment' || manifest.kind === 'StatefulSet')
    await until(async () => {
      const { status } = (await api.get(pathOf(manifest))) as { status?: { observedGeneration?: number } };
      return status?.observedGeneration === 1;
    });
  return pathOf(manifest);
}

/** Has no pods, and selects none of ours. */
function idle(manifest: Manifest): object {
  const labels = { app: 'theirs' };
  const template = {
    metadata: { labels },
    spec: { restartPolicy: 'Always', containers: [{ name: 'theirs', image: 'theirs:1' }] },
  };
  switch (manifest.kind) {
    case 'Deployment':
    case 'StatefulSet':
      return {
        ...manifest,
        spec: {
          replicas: 0,
          selector: { matchLabels: labels },
          template,
          ...(manifest.kind === 'StatefulSet' && { serviceName: 'theirs' }),
        },
      };
    case 'Job':
      return {
        ...manifest,
        spec: { suspend: true, template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } } },
      };
    default:
      return manifest;
  }
}

/** Deletes an object with what belongs to it; resolves when it is gone. */
export async function vacate(api: KubernetesApi, path: string): Promise<void> {
  await api.delete(path, { propagationPolicy: 'Foreground', gracePeriodSeconds: 0 });
  await until(async () => !(await api.find(path)));
}
