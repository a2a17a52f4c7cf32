import { mountedVolumes } from '../../model/stack/mounted-volumes';
import { runtimeOf } from '../../model/stack/runtime-of';
import type { Placement, Service, Stack } from '../../model/stack';
import type { RuntimeName } from '../../model/runtimes';
import { balancerName } from '../../model/traffic';
import { namesElsewhere } from './reach';

/**
 * The part of a stack on one host, as a stack whose services know those on other hosts by address. `found`: observed
 * runtime of a host that the stack no longer names.
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

/** Drops the zone that selected the host; with an explicit host, the zone selects nodes of that cluster. */
function withinHost({ zone, ...service }: Service): Service {
  return service.host === undefined || zone === undefined ? service : { ...service, zone };
}
