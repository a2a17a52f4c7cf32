import type { Client } from '@temporalio/client';
import type { CertificateStatus } from '../model/certificates';
import { portsOf, type SharedRoute } from '../model/traffic';
import { ask } from '../temporal/ask';
import { ifRunning } from '../temporal/unless-missing';
import {
  certificatesId,
  certificateStatusQuery,
  sharedBalancerId,
  sharedBalancerQuery,
  type Place,
} from '../workflows/messages';

/** What passes requests on to an environment, as far as it is not of the environment alone. */
export interface LoadBalancerStatus {
  /** Ports and routes that it has at the shared load balancer of its host; absent if it has none. */
  shared?: { ports: number[]; routes: SharedRoute[] };
  /** The certificate that it gets by itself; absent without `tls: auto`. */
  certificate?: CertificateStatus;
}

/** @throws NoWorker if no worker answers */
export async function loadBalancerStatus(temporal: Client, place: Place): Promise<LoadBalancerStatus> {
  const [certificate, routes] = await Promise.all([certificateOf(temporal, place), routesOf(temporal, place)]);
  return {
    ...(routes.length > 0 && { shared: { ports: portsOf([{ routes }]), routes } }),
    ...(certificate && { certificate }),
  };
}

async function certificateOf(temporal: Client, place: Place): Promise<CertificateStatus | undefined> {
  const handle = temporal.workflow.getHandle(certificatesId(place));
  const status = await ifRunning(handle, () => ask(temporal, () => handle.query(certificateStatusQuery)));
  return status ?? undefined;
}

async function routesOf(temporal: Client, { stack, environment }: Place): Promise<SharedRoute[]> {
  const handle = temporal.workflow.getHandle(sharedBalancerId({ runtime: 'docker' }));
  const state = await ifRunning(handle, () => ask(temporal, () => handle.query(sharedBalancerQuery)));
  return (state?.claims ?? []).find((each) => each.stack === stack && each.environment === environment)?.routes ?? [];
}
