import type { Placement, Stack } from '../../config/stack';
import { balancerName } from '../../model/traffic';
import { namesElsewhere } from './reach';

/** What of a stack is one host's: a stack of its own, whose services know those of other hosts by address. */
export function portionOf(stack: Stack, host: string, placement: Placement): Stack {
  const { hosts: _, placement: __, front, ...rest } = stack;
  const mine = Object.values(stack.services).filter(({ name }) => placement[name] === host);
  const services = Object.fromEntries(mine.map((service) => [service.name, { ...service, extraHosts: [...service.extraHosts, ...namesElsewhere(service, stack, (name) => placement[name])] }]));
  const mounted = new Set(mine.flatMap(({ mounts }) => mounts.flatMap((mount) => (mount.type === 'volume' ? [mount.volume] : []))));
  const volumes = Object.fromEntries(Object.entries(stack.volumes).filter(([name]) => mounted.has(name)));
  return { ...rest, services, volumes, ...(front && services[balancerName] && { front }) };
}
