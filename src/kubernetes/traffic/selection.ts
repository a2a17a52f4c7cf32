import type { ServedBy } from '../../model/instance';
import { sharing } from './http-route';
import type { Manifest } from '../manifest';
import { podSelector, serviceSelector } from '../names';

/** An object of a service, as it is while the service is served so. */
export function leadingTo<M extends Manifest>(manifest: M, servedBy: ServedBy | undefined): M {
  if (servedBy === undefined) return manifest;
  if (typeof servedBy === 'object')
    return manifest.kind === 'HTTPRoute'
      ? (sharing(manifest, serviceOf(servedBy.workload), servedBy.share) as M)
      : manifest;
  if (manifest.kind !== 'Service') return manifest;
  const selector = servedBy === '*' ? serviceSelector(manifest.metadata.labels) : podSelector({ name: servedBy });
  return { ...manifest, spec: { ...(manifest.spec as object), selector } };
}

/** A workload beside a service has a Service of its own name. */
function serviceOf(workload: string): string {
  return workload.split('/').at(-1)!;
}
