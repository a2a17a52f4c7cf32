import { isUnprotected } from '../../model/host';
import type { Finding } from '../problems';
import { reachesClusters, runtimeOf } from '../../model/stack/runtime-of';
import type { StackHost } from '../../model/stack';
import { at, eachService, type Rule } from './rule';

/** Message for a Docker Engine at `tcp://` without TLS. */
export const unprotected =
  'is not encrypted, and anyone who can reach it is root on that host; add tls (ca.pem, ' +
  'cert.pem, key.pem), use ssh://, or set insecure: true';

/** Hosts need a runtime that supports them, one kind of endpoint each, and TLS unless `insecure` is set. */
export const hostsPossible: Rule = ({ file, stack }) => {
  const hosts = file.infrastructure?.hosts ?? {};
  if (Object.keys(hosts).length === 0) return [];
  if (stack.runtime === 'process')
    return [
      {
        path: ['infrastructure', 'hosts'],
        message: 'processes run on the machine of their worker; remove hosts, or choose Docker',
      },
    ];
  if (stack.runtime === 'kubernetes' && !reachesClusters(stack))
    return [
      {
        path: ['infrastructure', 'hosts'],
        message:
          'the orchestrator is Kubernetes, but none of the hosts is a cluster; ' +
          'give one of them `kubernetes: CONTEXT`, or choose Docker',
      },
    ];
  return Object.entries(hosts).flatMap(([name, host]): Finding[] => {
    const path = ['infrastructure', 'hosts', name];
    if (host?.kubernetes !== undefined && host.docker !== undefined)
      return [{ path: [...path, 'kubernetes'], message: 'is set together with docker; keep one of the two' }];
    if (host?.kubernetes !== undefined && host.tls !== undefined)
      return [
        {
          path: [...path, 'tls'],
          message: 'applies to Docker over tcp:// only; remove it, a cluster uses its kubeconfig',
        },
      ];
    if (host?.tls !== undefined && !host.docker?.startsWith('tcp:'))
      return [
        {
          path: [...path, 'tls'],
          message: 'applies to tcp:// only; remove it, ssh:// and unix:// need no certificates',
        },
      ];
    if (host?.docker !== undefined && !host.insecure && isUnprotected(host.docker, host.tls !== undefined))
      return [{ path: [...path, 'docker'], message: unprotected }];
    return [];
  });
};

/** A phase with a host must have services, and its host must exist. */
export const phasesPossible: Rule = ({ file, stack: { hosts = [], services } }) =>
  Object.entries(file.deployment?.phases ?? {}).flatMap(([number, { host }]): Finding[] => {
    const path = ['deployment', 'phases', number];
    const missing = notAmong(hosts, 'host', host);
    if (missing !== undefined) return [{ path: [...path, 'host'], message: missing }];
    return Object.values(services).some(({ phase }) => phase === Number(number))
      ? []
      : [{ path, message: `no service has \`phase: ${number}\`; remove the phase, or set it on a service` }];
  });

/** The host or zone of a service must exist. Within a cluster, a zone selects nodes and is not checked. */
export const placementPossible: Rule = eachService((service, { file, stack }) => {
  const { hosts } = stack;
  if (file.services[service.name]!.host === undefined && service.host !== undefined) return [];
  const key = service.host === undefined ? 'zone' : 'host';
  const wanted = service.host ?? service.zone;
  if (wanted === undefined) return [];
  const isOnCluster = runtimeOf(service, stack) === 'kubernetes';
  if (isOnCluster && !hosts && service.host === undefined) return [];
  if (hosts && !isOnCluster && service.host !== undefined && service.zone !== undefined)
    return [at(service, ['zone'], 'is set together with host; keep one of the two')];
  const missing = notAmong(hosts ?? [], key, wanted);
  return missing === undefined ? [] : [at(service, [key], missing)];
});

/** Returns the problem with a host or zone, or undefined if it exists. */
function notAmong(hosts: readonly StackHost[], key: 'host' | 'zone', wanted: string): string | undefined {
  if (hosts.length === 0) return 'the stack has no hosts; add them under infrastructure.hosts';
  const known = [...new Set(hosts.flatMap((host) => (key === 'zone' ? (host.zone ?? []) : host.name)))];
  return known.includes(wanted)
    ? undefined
    : `there is no ${key} "${wanted}"${known.length > 0 ? `; choose one of ${known.join(', ')}` : ''}`;
}
