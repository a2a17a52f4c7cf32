import type { InstanceSpec } from '../model/instance';
import { toContents, type Values } from './workload/contents';
import type { Manifest } from './manifest';
import { toWaysIn } from './traffic/ingress';
import { toPolicies } from './policies';
import { toReach } from './traffic/reach';
import { toWorkload } from './workload';

export { isWorkload, type Manifest, type ManifestOf, type WorkloadManifest } from './manifest';
export type { Values } from './workload/contents';

/** Everything that the engine makes of a service on a cluster, in the order in which it is applied. Pure. */
export function toManifests(spec: InstanceSpec, values: Values): Manifest[] {
  const contents = toContents(spec, values);
  return [
    ...contents.manifests,
    ...toReach(spec),
    ...toWaysIn(spec, values.certificates),
    ...toPolicies(spec),
    toWorkload(spec, contents),
  ];
}
