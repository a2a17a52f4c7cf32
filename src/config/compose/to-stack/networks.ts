import type { Data } from '../canonical/values';
import type { Part } from './part';
import { serviceIn, toLink } from '../implied';
import { dataOf } from './values';

/** Networks of a service, with the names of its container, of its host and of links as aliases. */
export function toNetworks({ name, service, relations, notes }: Part): Data {
  if (service.links !== undefined && serviceIn(service.network_mode) !== undefined)
    notes.refuse(['links'], 'cannot be used in the network of another service; remove it');
  else if (service.links !== undefined && service.network_mode !== undefined)
    notes.ignore(['links'], 'has no effect beside network_mode, and Compose ignores it too');
  for (const link of (service.links as string[] | undefined) ?? []) {
    const { alias } = toLink(link);
    if (relations.ambiguous.has(alias))
      notes.refuse(['links'], `"${alias}" means another service elsewhere; choose an alias that means one`);
  }
  for (const [network, options] of Object.entries(dataOf(service.networks)))
    for (const key of ['priority', 'gw_priority', 'interface_name'])
      if (dataOf(options)[key] !== undefined)
        notes.ignore(['networks', network, key], 'is not passed on: Docker orders the interfaces');
  if (service.network_mode !== undefined) return {};
  const names = relations.aliases[name] ?? [];
  const joined = Object.entries(dataOf(service.networks));
  const isDefault = joined.length === 1 && joined[0]![0] === 'default' && joined[0]![1] === null && names.length === 0;
  if (isDefault) return {};
  return {
    networks: Object.fromEntries(joined.map(([network, options]) => [network, toAttachment(dataOf(options), names)])),
  };
}

function toAttachment(options: Data, names: readonly string[]): Data | null {
  const aliases = [...new Set([...((options.aliases as string[] | undefined) ?? []), ...names])];
  const { priority: _1, gw_priority: _2, interface_name: _3, ...kept } = options;
  const attachment = { ...kept, ...(aliases.length > 0 && { aliases }) };
  return Object.keys(attachment).length > 0 ? attachment : null;
}
