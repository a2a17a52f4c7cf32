import { Malformed, splitWords } from '../../normalise/words';
import { isData } from '../../read/overlay';
import { attempt, type Report } from './report';
import { list, mapping, mapValues } from './values';

type Form = (value: unknown, report: Report) => unknown;

/** Forms of the keys that the container engine takes. */
export const toContainerKeys: Record<string, Form> = {
  command: toCommand,
  entrypoint: toCommand,
  dns: (value) => list(value).filter((address) => address !== ''),
  dns_search: list,
  tmpfs: list,
  sysctls: (value) => mapping(value),
  group_add: (value) => list(value).map(String),
  extra_hosts: (value, report) => toHosts(value, report),
};

/** The words of a command. */
function toCommand(value: unknown, report: Report): unknown {
  if (typeof value !== 'string') return value;
  const { words, rest } = attempt(report, [], () => upToOperator(value)) ?? { words: [], rest: '' };
  if (rest !== '')
    report(
      [],
      `no shell reads this, and Compose drops ${JSON.stringify(rest)}; write [sh, -c, "…"] to run all of it`,
      'warning',
    );
  return words;
}

const operators = /[;&|<>]/;

/** Compose ends a command before an operator of a shell that is not in quotes, and drops the rest. */
function upToOperator(text: string): { words: string[]; rest: string } {
  let quote = '';
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at]!;
    if (character === '\\' && quote !== "'") at += 1;
    else if (quote !== '') quote = character === quote ? '' : quote;
    else if (character === '"' || character === "'") quote = character;
    else if (operators.test(character)) return { words: splitWords(text.slice(0, at)), rest: text.slice(at) };
  }
  return { words: splitWords(text), rest: '' };
}

/** Addresses by host: `host=ip`, `host:ip` or a map; several addresses for one host are possible. */
export function toHosts(value: unknown, report: Report): Record<string, string[]> {
  if (isData(value)) return mapValues(value, (addresses) => list(addresses ?? '').map((ip) => bare(String(ip))));
  const hosts: Record<string, string[]> = {};
  for (const [index, item] of list(value).entries()) {
    const pair = attempt(report, [index], () => toHost(String(item)));
    if (pair) hosts[pair[0]] = [...(hosts[pair[0]] ?? []), ...pair[1].split(',').map(bare)];
  }
  return hosts;
}

function toHost(text: string): [string, string] {
  const cut = text.includes('=') ? text.indexOf('=') : text.indexOf(':');
  const host = text.slice(0, cut);
  if (cut < 1 || /[:=]/.test(host)) throw new Malformed(`${JSON.stringify(text)} has no address; write HOST=ADDRESS`);
  return [host, text.slice(cut + 1)];
}

/** `[::1]` without its brackets. */
function bare(address: string): string {
  return address.replace(/^\[(.+)\]$/, '$1');
}
