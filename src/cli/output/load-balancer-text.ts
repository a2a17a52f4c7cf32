import type { LoadBalancerStatus } from '../../client/load-balancer';
import { moment, shorten } from './words';

const mostShown = 5;

/** Lines about the shared load balancer and the certificate of an environment. */
export function loadBalancerText({ shared, certificate }: LoadBalancerStatus): { lines: string[]; troubles: string[] } {
  return {
    lines: [...(shared ? [sharedText(shared)] : []), ...(certificate ? certificateText(certificate) : [])],
    troubles: certificate?.trouble ? [troubleText(certificate, certificate.trouble)] : [],
  };
}

function sharedText({ ports, routes }: NonNullable<LoadBalancerStatus['shared']>): string {
  const names = [...new Set(routes.map(({ host, path }) => `${host}${path === '/' ? '' : path}`))].sort();
  return `shared load balancer  port${ports.length === 1 ? '' : 's'} ${ports.join(', ')}  ${shorten(names, mostShown)}`;
}

type Certificate = NonNullable<LoadBalancerStatus['certificate']>;

function certificateText({ hosts, current, renewAt }: Certificate): string[] {
  if (!current) return [`certificate  ${shorten(hosts, mostShown)}  self-signed until the first one is there`];
  const renewed = renewAt === undefined ? '' : `, next renewal ${moment(new Date(renewAt))}`;
  const names = shorten(current.hosts, mostShown);
  return [`certificate  ${names}  valid until ${moment(new Date(current.notAfter))}${renewed}  by ${current.issuer}`];
}

function troubleText({ hosts }: Certificate, { message, since, retryAt }: NonNullable<Certificate['trouble']>): string {
  return (
    `no certificate for ${shorten(hosts, mostShown)} since ${moment(new Date(since))}: ${message}; ` +
    `next attempt ${moment(new Date(retryAt))}`
  );
}
