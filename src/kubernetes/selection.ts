import type { Manifest } from './manifest';
import { podSelector } from './names';

/** A service's names as they lead to another workload than its own. */
export function leadingTo<M extends Manifest>(manifest: M, workload: string | undefined): M {
  if (workload === undefined || manifest.kind !== 'Service') return manifest;
  return { ...manifest, spec: { ...(manifest.spec as object), selector: podSelector({ name: workload }) } };
}
