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
 * How requests come in from outside: by the Gateway of the stack where it names one, else by an Ingress. What runs
 * beside a service has no way in of its own.
 */
export function toWaysIn(spec: InstanceSpec, certificates: readonly Certificate[]): Manifest[] {
  const { beside, settings } = spec.workload ?? {};
  if (beside) return [];
  return settings?.gateway === undefined ? toIngress(spec, certificates) : toHttpRoutes(spec, settings.gateway);
}

/**
 * The Ingress of a service, with the Secrets that hold what it is served with; `certificates` in the order of
 * `certificatesOf`.
 */
function toIngress(
  spec: InstanceSpec,
  certificates: readonly Certificate[],
): (ManifestOf<'Ingress'> | ManifestOf<'Secret'>)[] {
  const { ingress = [], settings } = spec.workload ?? {};
  if (ingress.length === 0) return [];
  const { namespace, name } = qualified(spec.name);
  const metadata = { name, namespace, labels: objectLabels(spec) };
  const tls = [...groupByHolder(spec, ingress)].map(([secretName, hosts]): V1IngressTLS => ({
    ...(hosts.length > 0 && { hosts }),
    ...(secretName !== '' && { secretName }),
  }));
  return [
    ...certificatesOf(ingress).map((pair, index): ManifestOf<'Secret'> => ({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { ...metadata, name: holderOf(spec, pair) },
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

/** Host names by the Secret that holds their certificate; none is the controller's own. */
function groupByHolder(spec: InstanceSpec, routes: readonly IngressRoute[]): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const { host, tls } of routes) {
    if (!tls) continue;
    const holder = tls === true ? '' : 'secret' in tls ? tls.secret : holderOf(spec, tls);
    groups.set(holder, [...new Set([...(groups.get(holder) ?? []), ...(host === undefined ? [] : [host])])]);
  }
  return groups;
}

/** A name for each version: what runs is served as it was. */
function holderOf(spec: InstanceSpec, pair: CertificatePair): string {
  return `${qualified(spec.name).name}-tls-${contentMark(`${spec.hash} ${pairName(pair)}`)}`;
}
