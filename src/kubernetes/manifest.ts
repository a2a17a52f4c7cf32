import type {
  V1ConfigMap,
  V1Deployment,
  V1Ingress,
  V1Job,
  V1LabelSelector,
  V1NetworkPolicy,
  V1PersistentVolumeClaim,
  V1PodDisruptionBudget,
  V1Secret,
  V1Service,
  V1StatefulSet,
} from '@kubernetes/client-node';

/** The library's types are classes, but manifests are plain objects. */
export type Plain<T> = { [K in keyof T]: T[K] };

type Named<T, Kind extends string, Version extends string> = Omit<T, 'apiVersion' | 'kind' | 'metadata' | 'status'> & {
  apiVersion: Version;
  kind: Kind;
  metadata: { name: string; namespace: string; labels: Record<string, string>; annotations?: Record<string, string> };
};

export type WorkloadManifest =
  | Named<V1Deployment, 'Deployment', 'apps/v1'>
  | Named<V1StatefulSet, 'StatefulSet', 'apps/v1'>
  | Named<V1Job, 'Job', 'batch/v1'>;

/** The client library names the field `from` differently from the API. */
type NetworkPolicyManifest = Omit<Named<V1NetworkPolicy, 'NetworkPolicy', 'networking.k8s.io/v1'>, 'spec'> & {
  spec: {
    podSelector: V1LabelSelector;
    policyTypes: string[];
    ingress: { from?: { podSelector: V1LabelSelector }[]; ports?: { port: number; protocol: string }[] }[];
  };
};

/** An object of the Gateway API, which is optional on a cluster. */
type HttpRouteManifest = Named<object, 'HTTPRoute', 'gateway.networking.k8s.io/v1'> & {
  spec: {
    parentRefs: { name: string; namespace?: string }[];
    hostnames?: string[];
    rules: {
      matches: { path: { type: 'PathPrefix'; value: string } }[];
      backendRefs: { name: string; port: number; weight: number }[];
    }[];
  };
};

/** An object as the engine applies it. */
export type Manifest =
  | WorkloadManifest
  | Named<V1Service, 'Service', 'v1'>
  | Named<V1ConfigMap, 'ConfigMap', 'v1'>
  | Named<V1Secret, 'Secret', 'v1'>
  | Named<V1PersistentVolumeClaim, 'PersistentVolumeClaim', 'v1'>
  | Named<V1Ingress, 'Ingress', 'networking.k8s.io/v1'>
  | HttpRouteManifest
  | NetworkPolicyManifest
  | Named<V1PodDisruptionBudget, 'PodDisruptionBudget', 'policy/v1'>;

export type ManifestOf<K extends Manifest['kind']> = Extract<Manifest, { kind: K }>;

export function isWorkload(manifest: Manifest): manifest is WorkloadManifest {
  return manifest.kind === 'Deployment' || manifest.kind === 'StatefulSet' || manifest.kind === 'Job';
}
