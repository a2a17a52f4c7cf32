import { isIP } from 'node:net';
import { grammarOf, isName, type NameKind } from '../../model/names';
import type { Finding } from '../problems';
import type { Service } from '../../model/stack';
import { at, eachService, type Rule } from './rule';

/** Prefix of the labels by which the engine recognises its containers, networks and volumes. */
const ownLabels = 'deploy-code.';

/** Validates names that are keys of maps: labels and extra hosts. */
export const mapKeysAreNames: Rule = eachService((service) => [
  ...misnamed(service, 'labels', 'label', Object.keys(service.labels)),
  ...Object.keys(service.labels)
    .filter((key) => key.startsWith(ownLabels))
    .map((key) =>
      at(
        service,
        ['labels', key],
        `labels that begin with ${ownLabels} are reserved for the engine; choose another name`,
      ),
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

/** Rejects NUL characters: the operating system would cut the text there. */
export const noNul: Rule = ({ file }) => nulsIn(file, []);

/** `normalise/service.ts` checks environment variables. */
function isCheckedElsewhere([first, , key]: (string | number)[]): boolean {
  return first === 'services' && key === 'environment';
}

function nulsIn(value: unknown, path: (string | number)[]): Finding[] {
  if (typeof value === 'string')
    return value.includes('\0') ? [{ path, message: 'contains a NUL character; remove it' }] : [];
  if (Array.isArray(value)) return value.flatMap((item, index) => nulsIn(item, [...path, index]));
  if (typeof value !== 'object' || value === null || isCheckedElsewhere(path)) return [];
  return Object.entries(value).flatMap(([key, item]) => [...nulsIn(key, path), ...nulsIn(item, [...path, key])]);
}
