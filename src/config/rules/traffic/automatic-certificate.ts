import { isAutomatic } from '../../../model/traffic';
import { outsideClusters } from '../../../model/stack/runtime-of';
import type { Finding } from '../../problems';
import { at, type Rule } from '../rule';

/** As many as Let's Encrypt puts into one certificate. */
const mostNames = 100;
const path = ['infrastructure', 'load_balancer', 'tls'];

/** The engine gets certificates by HTTP-01, for load balancers on the one Docker Engine of the worker. */
export const automaticCertificatePossible: Rule = ({ file, stack }) => {
  const { tls } = file.infrastructure?.load_balancer ?? {};
  if (tls !== 'auto' && !(tls && 'auto' in tls)) return [];
  if (outsideClusters(stack.runtime) !== 'docker' || stack.runtime === 'kubernetes')
    return [
      {
        path,
        message:
          'auto is for Docker only; on a cluster let cert-manager keep a Secret and name it with tls.secret, ' +
          'for processes name a certificate and its key',
      },
    ];
  const hosts = stack.front?.automatic?.hosts ?? [];
  return [
    ...(stack.hosts ? [{ path, message: 'auto does not work with infrastructure.hosts yet; remove one of them' }] : []),
    ...(hosts.length > mostNames
      ? [{ path, message: `auto is for at most ${mostNames} host names, and there are ${hosts.length}` }]
      : []),
    ...(stack.front?.routes ?? []).flatMap(({ service, host, tls: of }): Finding[] => {
      const message = isAutomatic(of) && hostProblem(host);
      return message ? [at(stack.services[service]!, ['expose'], message)] : [];
    }),
  ];
};

/** Why no CA gives a certificate for a host by HTTP-01. */
function hostProblem(host: string | undefined): string | undefined {
  if (host === undefined)
    return 'needs a host for tls: auto, which is the name in the certificate; add host: shop.example.com';
  if (host.startsWith('*.'))
    return (
      `has the wildcard ${host}, for which tls: auto gets no certificate (HTTP-01 cannot prove it); ` +
      'name each host, or name a certificate and its key'
    );
  if (!host.includes('.') || /^[0-9.]+$/.test(host))
    return `has the host ${host}, for which no CA gives a certificate; use a full name such as shop.example.com`;
  return undefined;
}
