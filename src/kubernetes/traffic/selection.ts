import type { ServedBy } from '../../model/instance';
import { withShare } from './http-route';
import type { Manifest } from '../manifest';
import { podSelector, serviceSelector } from '../names';

/** The object adapted to the workload that serves the service at the moment. */
export function leadingTo<M extends Manifest>(manifest: M, servedBy: ServedBy | undefined): M {
  if (servedBy === undefined) return manifest;
  if (typeof servedBy === 'object')
    return manifest.kind === 'HTTPRoute'
      ? (withShare(manifest, serviceOf(servedBy.workload), servedBy.share) as M)
      : manifest;
  if (manifest.kind !== 'Service') return manifest;
  const selector = servedBy === '*' ? serviceSelector(manifest.metadata.labels) : podSelector({ name: servedBy });
  return { ...manifest, spec: { ...(manifest.spec as object), selector } };
}

/** A temporary workload beside a service has a Service with its own name. */
function serviceOf(workload: string): string {
  return workload.split('/').at(-1)!;
}
