import { isUnprotected } from '../../model/host';
import type { Finding } from '../problems';
import { reachesClusters, runtimeOf } from '../../model/stack/runtime-of';
import type { StackHost } from '../../model/stack';
import { at, eachService, type Rule } from './rule';

/** What to write about a Docker Engine that anybody on the way may command. */
export const unprotected =
  'is not encrypted, and whoever reaches it is root on that host; add tls (ca.pem, ' +
  'cert.pem, key.pem), use ssh://, or write insecure: true beside it';

/** Docker Engines and clusters can be several; each is found where it says, over a network never without a key. */
export const hostsPossible: Rule = ({ file, stack }) => {
  const hosts = file.infrastructure?.hosts ?? {};
  if (Object.keys(hosts).length === 0) return [];
  if (stack.runtime === 'process')
    return [
      {
        path: ['infrastructure', 'hosts'],
        message: 'processes run beside their worker; remove hosts, or choose Docker',
      },
    ];
  if (stack.runtime === 'kubernetes' && !reachesClusters(stack))
    return [
      {
        path: ['infrastructure', 'hosts'],
        message:
          'the orchestrator is Kubernetes, and none of the hosts is a cluster; ' +
          'give one of them `kubernetes: CONTEXT`, or choose Docker',
      },
    ];
  return Object.entries(hosts).flatMap(([name, host]): Finding[] => {
    const path = ['infrastructure', 'hosts', name];
    if (host?.kubernetes !== undefined && host.docker !== undefined)
      return [
        { path: [...path, 'kubernetes'], message: 'names a cluster beside a Docker Engine; keep one of the two' },
      ];
    if (host?.kubernetes !== undefined && host.tls !== undefined)
      return [{ path: [...path, 'tls'], message: 'is for Docker over tcp://; a cluster has its kubeconfig' }];
    if (host?.tls !== undefined && !host.docker?.startsWith('tcp:'))
      return [{ path: [...path, 'tls'], message: 'is for tcp:// only; ssh:// and unix:// need no certificates' }];
    if (host?.docker !== undefined && !host.insecure && isUnprotected(host.docker, host.tls !== undefined))
      return [{ path: [...path, 'docker'], message: unprotected }];
    return [];
  });
};

/** A phase that says where its services run has services, and such a host. */
export const phasesPossible: Rule = ({ file, stack: { hosts = [], services } }) =>
  Object.entries(file.deployment?.phases ?? {}).flatMap(([number, { host }]): Finding[] => {
    const path = ['deployment', 'phases', number];
    const missing = notAmong(hosts, 'host', host);
    if (missing !== undefined) return [{ path: [...path, 'host'], message: missing }];
    return Object.values(services).some(({ phase }) => phase === Number(number))
      ? []
      : [{ path, message: `no service says \`phase: ${number}\`` }];
  });

/** A service chooses among the hosts that there are. Within a cluster a zone is one of its nodes. */
export const placementPossible: Rule = eachService((service, { file, stack }) => {
  const { hosts } = stack;
  if (file.services[service.name]!.host === undefined && service.host !== undefined) return [];
  const key = service.host === undefined ? 'zone' : 'host';
  const wanted = service.host ?? service.zone;
  if (wanted === undefined) return [];
  const isOnCluster = runtimeOf(service, stack) === 'kubernetes';
  if (isOnCluster && !hosts && service.host === undefined) return [];
  if (hosts && !isOnCluster && service.host !== undefined && service.zone !== undefined)
    return [at(service, ['zone'], 'names a zone beside a host; keep one of the two')];
  const missing = notAmong(hosts ?? [], key, wanted);
  return missing === undefined ? [] : [at(service, [key], missing)];
});

/** What is wrong with a choice; nothing where there is such a host, or one of such a zone. */
function notAmong(hosts: readonly StackHost[], key: 'host' | 'zone', wanted: string): string | undefined {
  if (hosts.length === 0) return 'there are no hosts to choose from; name them under infrastructure.hosts';
  const known = [...new Set(hosts.flatMap((host) => (key === 'zone' ? (host.zone ?? []) : host.name)))];
  return known.includes(wanted)
    ? undefined
    : `there is no ${key} "${wanted}"${known.length > 0 ? `; there are ${known.join(', ')}` : ''}`;
}
