import type { InstanceSpec } from '../model/instance';
import { toContents, type Values } from './workload/contents';
import type { Manifest } from './manifest';
import { toRoutes } from './traffic/ingress';
import { toPolicies } from './policies';
import { toServices } from './traffic/reach';
import { toWorkload } from './workload';

export { isWorkload, type Manifest, type ManifestOf, type WorkloadManifest } from './manifest';
export type { Values } from './workload/contents';

/** All objects of a service on a cluster, in the order in which they are applied. Pure. */
export function toManifests(spec: InstanceSpec, values: Values): Manifest[] {
  const contents = toContents(spec, values);
  return [
    ...contents.manifests,
    ...toServices(spec),
    ...toRoutes(spec, values.certificates),
    ...toPolicies(spec),
    toWorkload(spec, contents),
  ];
}
