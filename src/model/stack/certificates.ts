import type { CertificatePair, IngressRoute } from '../instance';

/** Certificates from the stack's own secrets used by these routes, without duplicates. */
export function certificatesOf(routes: readonly IngressRoute[] = []): CertificatePair[] {
  const pairs = routes.flatMap(({ tls }) => (isOwnPair(tls) ? [tls] : []));
  return [...new Map(pairs.map((pair) => [pairName(pair), pair])).values()];
}

/** Identifies a pair by the names of its secrets. */
export function pairName({ certificate, key }: CertificatePair): string {
  return `${certificate.name} ${key.name}`;
}

/** Whether a route has a certificate from secrets of the stack. */
export function isOwnPair(tls: IngressRoute['tls']): tls is CertificatePair {
  return typeof tls === 'object' && 'certificate' in tls;
}
