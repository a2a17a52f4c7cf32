import type { Manifest } from './manifest';
import { podSelector, serviceSelector } from './names';

/** A service's names as they lead to another workload than its own; `*`: to whatever runs of the service. */
export function leadingTo<M extends Manifest>(manifest: M, workload: string | undefined): M {
  if (workload === undefined || manifest.kind !== 'Service') return manifest;
  const selector = workload === '*' ? serviceSelector(manifest.metadata.labels) : podSelector({ name: workload });
  return { ...manifest, spec: { ...(manifest.spec as object), selector } };
}
