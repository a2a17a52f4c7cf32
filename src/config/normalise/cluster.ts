import type { StackFile } from '../schema/stack-file';
import type { ServiceInput } from '../schema/service';
import type { Service, Stack } from '../stack';

type ClusterInput = NonNullable<StackFile['infrastructure']>['kubernetes'];

export function toCluster({ namespace, pull_secrets: pullSecrets = [], service_account, ingress_class, service_type: serviceType = 'ClusterIP' }: NonNullable<ClusterInput> = {}): Stack['infrastructure']['cluster'] {
  return { pullSecrets, serviceType, ...(namespace !== undefined && { namespace }), ...(service_account !== undefined && { serviceAccount: service_account }), ...(ingress_class !== undefined && { ingressClass: ingress_class }) };
}

/** What is exposed comes in by an Ingress: the cluster has a front door of its own. */
export function toIngress({ expose }: Pick<ServiceInput, 'expose'>): Service['ingress'] {
  return [expose ?? []].flat().map(({ host, path = '/', port }) => ({ ...(host !== undefined && { host: host.toLowerCase() }), path, port }));
}
