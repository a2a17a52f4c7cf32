import type { StackFile } from '../schema/stack-file';
import type { ServiceInput } from '../schema/service';
import type { IngressRoute, SecretMount, SecretSource } from '../../model/instance';
import type { ExposureInput } from '../schema/exposure';
import type { Stack } from '../../model/stack';
import { Malformed } from './words';

type ClusterInput = NonNullable<StackFile['infrastructure']>['kubernetes'];

export function toCluster({
  namespace,
  pull_secrets: pullSecrets = [],
  service_account,
  ingress_class,
  gateway,
  service_type: serviceType = 'ClusterIP',
}: NonNullable<ClusterInput> = {}): Stack['infrastructure']['cluster'] {
  return {
    pullSecrets,
    serviceType,
    ...(namespace !== undefined && { namespace }),
    ...(service_account !== undefined && { serviceAccount: service_account }),
    ...(ingress_class !== undefined && { ingressClass: ingress_class }),
    ...(gateway !== undefined && { gateway }),
  };
}

/** Ingress routes of an exposed service on a cluster. */
export function toIngress(
  { expose }: Pick<ServiceInput, 'expose'>,
  secrets: Record<string, SecretSource>,
): IngressRoute[] {
  return [expose ?? []].flat().map(({ host, path = '/', port, tls }) => ({
    ...(host !== undefined && { host: host.toLowerCase() }),
    path,
    port,
    ...(tls && { tls: toTls(tls, secrets) }),
  }));
}

function toTls(
  tls: true | Exclude<ExposureInput['tls'], boolean | undefined>,
  secrets: Record<string, SecretSource>,
): NonNullable<IngressRoute['tls']> {
  if (tls === true || 'secret' in tls) return tls;
  const mounted = (name: string, path: string): SecretMount => {
    const source = secrets[name];
    if (!source) throw new Malformed(`the secret "${name}" of tls is not declared; add it under the top-level secrets`);
    return { name, source, target: { path, mode: 0o400 } };
  };
  return { certificate: mounted(tls.certificate, 'tls.crt'), key: mounted(tls.key, 'tls.key') };
}
