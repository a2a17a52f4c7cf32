import type { V1IngressTLS } from '@kubernetes/client-node';
import { certificatesOf, pairName } from '../../model/stack/certificates';
import type { CertificatePair, IngressRoute, InstanceSpec } from '../../model/instance';
import { toHttpRoutes } from './http-route';
import type { Manifest, ManifestOf } from '../manifest';
import { contentMark, objectLabels, qualified } from '../names';

/** A certificate and its key, PEM. */
export interface Certificate {
  certificate: string;
  key: string;
}

/**
 * Routes from outside: HTTPRoutes if the stack names a Gateway, else an Ingress. A temporary workload beside a service
 * has none.
 */
export function toRoutes(spec: InstanceSpec, certificates: readonly Certificate[]): Manifest[] {
  const { beside, settings } = spec.workload ?? {};
  if (beside) return [];
  return settings?.gateway === undefined ? toIngress(spec, certificates) : toHttpRoutes(spec, settings.gateway);
}

/** The Ingress of a service, and the Secrets of its certificates; `certificates` in the order of `certificatesOf`. */
function toIngress(
  spec: InstanceSpec,
  certificates: readonly Certificate[],
): (ManifestOf<'Ingress'> | ManifestOf<'Secret'>)[] {
  const { ingress = [], settings } = spec.workload ?? {};
  if (ingress.length === 0) return [];
  const { namespace, name } = qualified(spec.name);
  const metadata = { name, namespace, labels: objectLabels(spec) };
  const tls = [...groupBySecret(spec, ingress)].map(([secretName, hosts]): V1IngressTLS => ({
    ...(hosts.length > 0 && { hosts }),
    ...(secretName !== '' && { secretName }),
  }));
  return [
    ...certificatesOf(ingress).map((pair, index): ManifestOf<'Secret'> => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { ...metadata, name: secretNameOf(spec, pair) },
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': certificates[index]!.certificate, 'tls.key': certificates[index]!.key },
    })),
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata,
      spec: {
        ...(settings?.ingressClass !== undefined && { ingressClassName: settings.ingressClass }),
        ...(tls.length > 0 && { tls }),
        rules: ingress.map(({ host, path, port }) => ({
          ...(host !== undefined && { host }),
          http: { paths: [{ path, pathType: 'Prefix', backend: { service: { name, port: { number: port } } } }] },
        })),
      },
    },
  ];
}

/** Host names by the Secret of their certificate; '' is the controller's default certificate. */
function groupBySecret(spec: InstanceSpec, routes: readonly IngressRoute[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { host, tls } of routes) {
    if (!tls) continue;
    const secret = tls === true ? '' : 'secret' in tls ? tls.secret : secretNameOf(spec, tls);
    groups.set(secret, [...new Set([...(groups.get(secret) ?? []), ...(host === undefined ? [] : [host])])]);
  }
  return groups;
}

/** A name per version, so that running instances keep their certificate. */
function secretNameOf(spec: InstanceSpec, pair: CertificatePair): string {
  return `${qualified(spec.name).name}-tls-${contentMark(`${spec.hash} ${pairName(pair)}`)}`;
}
