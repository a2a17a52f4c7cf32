import type { CertificatePair, IngressRoute } from '../instance';

/** The certificates of the stack's own secrets among ways in, each once. */
export function certificatesOf(routes: readonly IngressRoute[] = []): CertificatePair[] {
  const pairs = routes.flatMap(({ tls }) => (isOwn(tls) ? [tls] : []));
  return [...new Map(pairs.map((pair) => [pairName(pair), pair])).values()];
}

/** What a pair is known by: the names of its secrets. */
export function pairName({ certificate, key }: CertificatePair): string {
  return `${certificate.name} ${key.name}`;
}

function isOwn(tls: IngressRoute['tls']): tls is CertificatePair {
  return typeof tls === 'object' && 'certificate' in tls;
}
