import type { Finding } from '../problems';
import { at, eachService, type Rule } from './rule';

/** Only Docker Engines can be several; each is found where it says, and over a network never without a key. */
export const hostsPossible: Rule = ({ file, stack }) => {
  const hosts = file.infrastructure?.hosts ?? {};
  if (Object.keys(hosts).length === 0) return [];
  if (stack.runtime === 'kubernetes') return [{ path: ['infrastructure', 'hosts'], message: 'a cluster places its pods by itself; remove hosts, or choose Docker' }];
  if (stack.runtime === 'process') return [{ path: ['infrastructure', 'hosts'], message: 'processes run beside their worker; remove hosts, or choose Docker' }];
  return Object.entries(hosts).flatMap(([name, host]): Finding[] => {
    const path = ['infrastructure', 'hosts', name];
    if (host?.tls !== undefined && !host.docker?.startsWith('tcp:')) return [{ path: [...path, 'tls'], message: 'is for tcp:// only; ssh:// and unix:// need no certificates' }];
    return [];
  });
};

/** A service chooses among the hosts that there are. */
export const placementPossible: Rule = eachService((service, { stack }) => {
  const { hosts } = stack;
  const key = service.host === undefined ? 'zone' : 'host';
  const wanted = service.host ?? service.zone;
  if (wanted === undefined) return [];
  if (stack.runtime === 'kubernetes' && service.host === undefined) return [];
  if (!hosts) return [at(service, [key], 'there are no hosts to choose from; name them under infrastructure.hosts')];
  if (service.host !== undefined && service.zone !== undefined) return [at(service, ['zone'], 'names a zone beside a host; keep one of the two')];
  const known = [...new Set(hosts.flatMap((host) => (service.host === undefined ? (host.zone ?? []) : host.name)))];
  return known.includes(wanted) ? [] : [at(service, [key], `there is no ${key} "${wanted}"${known.length > 0 ? `; there are ${known.join(', ')}` : ''}`)];
});
