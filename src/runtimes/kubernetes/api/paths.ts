import type { Manifest, WorkloadManifest } from '../../../kubernetes';

const plurals: Record<Manifest['kind'], string> = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  Job: 'jobs',
  Service: 'services',
  ConfigMap: 'configmaps',
  Secret: 'secrets',
  PersistentVolumeClaim: 'persistentvolumeclaims',
  Ingress: 'ingresses',
  HTTPRoute: 'httproutes',
  NetworkPolicy: 'networkpolicies',
  PodDisruptionBudget: 'poddisruptionbudgets',
};

type Typed = Pick<Manifest, 'apiVersion' | 'kind'>;

/** Path of all objects of a kind in a namespace. */
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

export const workloadKinds: readonly WorkloadKind[] = [
  { apiVersion: 'apps/v1', kind: 'Deployment' },
  { apiVersion: 'apps/v1', kind: 'StatefulSet' },
  { apiVersion: 'batch/v1', kind: 'Job' },
];

/** Kinds of objects that the engine creates for a service; volume claims are created separately. */
export const madeKinds: readonly Typed[] = [
  ...workloadKinds,
  { apiVersion: 'v1', kind: 'Service' },
  { apiVersion: 'v1', kind: 'ConfigMap' },
  { apiVersion: 'v1', kind: 'Secret' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
  { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget' },
];

const ownPart = /^[A-Za-z0-9_.:~-]+$/;

/**
 * True if a path addresses the API, checked part by part: names are inserted into paths, and must not end them or lead
 * elsewhere. After `/proxy/` follows the path of another server, which must not leave it either.
 */
export function isApiPath(path: string): boolean {
  const [own = '', ...others] = path.split(/(?<=\/proxy)(?=\/)/);
  const [empty, root, ...parts] = own.split('/');
  const isOwn =
    empty === '' &&
    ['api', 'apis', 'version'].includes(root!) &&
    parts.every((part) => ownPart.test(part) && !isDotSegment(part));
  return (
    isOwn &&
    others
      .join('')
      .split('/')
      .every((part) => !isDotSegment(part) && !/[?#\\\s]|%2f|%5c|%00/i.test(part))
  );
}

function isDotSegment(part: string): boolean {
  return /^(?:\.|%2e){1,2}$/i.test(part);
}
