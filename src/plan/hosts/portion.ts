import { mountedVolumes } from '../../model/stack/mounted-volumes';
import { runtimeOf } from '../../model/stack/runtime-of';
import type { Placement, Service, Stack } from '../../model/stack';
import type { RuntimeName } from '../../model/runtimes';
import { balancerName } from '../../model/traffic';
import { namesElsewhere } from './reach';

/**
 * What of a stack is one host's: a stack of its own, whose services know those of other hosts by address. `found`: what
 * the host is found to be, of one that the stack no longer names.
 */
export function portionOf(stack: Stack, host: string, placement: Placement, found?: RuntimeName): Stack {
  const { hosts, placement: _, front, ...rest } = stack;
  const named = hosts?.find(({ name }) => name === host);
  const runtime = named ? runtimeOf(named, stack) : (found ?? stack.runtime);
  const mine = Object.values(stack.services).filter(({ name }) => placement[name] === host);
  const services = Object.fromEntries(
    mine.map((service) => [
      service.name,
      {
        ...withinHost(service),
        extraHosts: [...service.extraHosts, ...namesElsewhere(service, stack, (name) => placement[name])],
      },
    ]),
  );
  const awaitedElsewhere = Object.values(stack.services)
    .filter(({ name }) => placement[name] !== host)
    .flatMap(({ dependsOn }) => Object.keys(dependsOn));
  const mounted = mountedVolumes(mine);
  const volumes = Object.fromEntries(Object.entries(stack.volumes).filter(([name]) => mounted.has(name)));
  return { ...rest, runtime, services, volumes, awaitedElsewhere, ...(front && services[balancerName] && { front }) };
}

/** A zone has chosen the host, unless the service names both: then it is one of the host's own. */
function withinHost({ zone, ...service }: Service): Service {
  return service.host === undefined || zone === undefined ? service : { ...service, zone };
}
