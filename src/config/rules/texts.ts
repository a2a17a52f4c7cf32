import { isIP } from 'node:net';
import { grammarOf, isName, type NameKind } from '../../model/names';
import type { Finding } from '../problems';
import type { Service } from '../../model/stack';
import { at, eachService, type Rule } from './rule';

/** Labels that the engine knows its own things by. */
const ownLabels = 'deploy-code.';

/** Names inside of maps keep their grammar too: labels and hosts. */
export const mapsHoldNames: Rule = eachService((service) => [
  ...misnamed(service, 'labels', 'label', Object.keys(service.labels)),
  ...Object.keys(service.labels)
    .filter((key) => key.startsWith(ownLabels))
    .map((key) =>
      at(service, ['labels', key], `labels that begin with ${ownLabels} are the engine's own; choose another name`),
    ),
  ...service.extraHosts.flatMap((entry) => wrongHost(service, entry)),
]);

function misnamed(service: Service, key: string, kind: NameKind, names: readonly string[]): Finding[] {
  return names
    .filter((name) => !isName(kind, name) && !(name in {}))
    .map((name) => at(service, [key, name], grammarOf(kind).hint));
}

function wrongHost(service: Service, entry: string): Finding[] {
  const cut = entry.indexOf(':');
  const [host, address] = [entry.slice(0, cut), entry.slice(cut + 1)];
  const isAddress = address === 'host-gateway' || isIP(address.replace(/^\[(.*)\]$/, '$1')) > 0;
  const findings = [
    ...(isName('alias', host) ? [] : [grammarOf('alias').hint]),
    ...(isAddress ? [] : [`"${address}" is not an IP address; write one, or host-gateway`]),
  ];
  return findings.map((message) => at(service, ['extra_hosts', host], message));
}

/** No text holds a NUL character: what comes after it would be lost on the way to a kernel. */
export const noNul: Rule = ({ file }) => nulsIn(file, []);

/** Variables are judged where they are read. */
function hasRulesOfItsOwn([first, , key]: (string | number)[]): boolean {
  return first === 'services' && key === 'environment';
}

function nulsIn(value: unknown, path: (string | number)[]): Finding[] {
  if (typeof value === 'string')
    return value.includes('\0') ? [{ path, message: 'holds a NUL character; remove it' }] : [];
  if (Array.isArray(value)) return value.flatMap((item, index) => nulsIn(item, [...path, index]));
  if (typeof value !== 'object' || value === null || hasRulesOfItsOwn(path)) return [];
  return Object.entries(value).flatMap(([key, item]) => [...nulsIn(key, path), ...nulsIn(item, [...path, key])]);
}
