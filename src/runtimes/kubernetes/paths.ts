import type { Manifest, WorkloadManifest } from '../../kubernetes';

const plurals: Record<Manifest['kind'], string> = {
  Deployment: 'deployments', StatefulSet: 'statefulsets', Job: 'jobs', Service: 'services', ConfigMap: 'configmaps', Secret: 'secrets',
  PersistentVolumeClaim: 'persistentvolumeclaims', Ingress: 'ingresses', HTTPRoute: 'httproutes', NetworkPolicy: 'networkpolicies', PodDisruptionBudget: 'poddisruptionbudgets',
};

type Typed = Pick<Manifest, 'apiVersion' | 'kind'>;

/** The objects of a kind in a namespace. */
export function collection({ apiVersion, kind }: Typed, namespace: string): string {
  return `${apiVersion.includes('/') ? '/apis' : '/api'}/${apiVersion}/namespaces/${namespace}/${plurals[kind]}`;
}

export function pathOf(manifest: Typed & { metadata: { name: string; namespace: string } }): string {
  return `${collection(manifest, manifest.metadata.namespace)}/${manifest.metadata.name}`;
}

export function podsIn(namespace: string): string {
  return `/api/v1/namespaces/${namespace}/pods`;
}

export type WorkloadKind = Pick<WorkloadManifest, 'apiVersion' | 'kind'>;

export const workloadKinds: readonly WorkloadKind[] = [{ apiVersion: 'apps/v1', kind: 'Deployment' }, { apiVersion: 'apps/v1', kind: 'StatefulSet' }, { apiVersion: 'batch/v1', kind: 'Job' }];
