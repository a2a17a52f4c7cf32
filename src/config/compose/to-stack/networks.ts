import type { Data } from '../canonical/values';
import type { Part } from './part';
import { serviceIn, type Link } from '../implied';
import { dataOf } from './values';

/** Networks of a service, with the names of its container, of its host and of links as aliases. */
export function toNetworks({ name, service, relations, notes }: Part): Data {
  if (service.links !== undefined && serviceIn(service.network_mode) !== undefined)
    notes.refuse(['links'], 'cannot be used in the network of another service; remove it');
  else if (service.links !== undefined && service.network_mode !== undefined)
    notes.ignore(['links'], 'has no effect beside network_mode, and Compose ignores it too');
  for (const [network, options] of Object.entries(dataOf(service.networks)))
    for (const key of ['priority', 'gw_priority', 'interface_name'])
      if (dataOf(options)[key] !== undefined)
        notes.ignore(['networks', network, key], 'is not passed on: Docker orders the interfaces');
  if (service.network_mode !== undefined) return {};
  const names = relations.aliases[name] ?? [];
  const links = relations.links[name] ?? [];
  noteRepeated(links, notes);
  const joined = Object.entries(dataOf(service.networks));
  const isDefault =
    joined.length === 1 && joined[0]![0] === 'default' && joined[0]![1] === null && names.length + links.length === 0;
  if (isDefault) return {};
  return {
    networks: Object.fromEntries(
      joined.map(([network, options]) => {
        const reached = links.filter((link) => Object.hasOwn(dataOf(networksOf(link, relations)), network));
        return [network, toAttachment(dataOf(options), names, reached)];
      }),
    ),
  };
}

function networksOf({ service }: Link, { project }: Part['relations']): unknown {
  return project.services[service]?.networks;
}

/** Docker takes the last of several links with one alias. */
function noteRepeated(links: readonly Link[], notes: Part['notes']): void {
  const last = new Map(links.map(({ alias, service }) => [alias, service]));
  for (const { alias, service } of links)
    if (last.get(alias) !== service)
      notes.ignore(['links'], `${service}:${alias} has no effect: the later ${last.get(alias)}:${alias} counts`);
}

function toAttachment(options: Data, names: readonly string[], links: readonly Link[]): Data | null {
  const aliases = [...new Set([...((options.aliases as string[] | undefined) ?? []), ...names])];
  const { priority: _1, gw_priority: _2, interface_name: _3, ...kept } = options;
  const attachment = {
    ...kept,
    ...(aliases.length > 0 && { aliases }),
    ...(links.length > 0 && { links: Object.fromEntries(links.map(({ alias, service }) => [alias, service])) }),
  };
  return Object.keys(attachment).length > 0 ? attachment : null;
}
