import { isIP } from 'node:net';
import { Malformed } from '../../normalise/words';
import { isData } from '../../read/overlay';
import { attempt, type Report } from './report';
import type { Data } from './values';

const largest = 65_535;
/** Most ports of one entry; a range of all ports would make 65,535 of them. */
const longestRange = 10_000;

/** `ports` in the long form, one entry for each port of a range. */
export function toPorts(ports: unknown[], report: Report): Data[] {
  return ports.flatMap((port, index) =>
    isData(port)
      ? [fromLong(port, (message) => report([index, 'host_ip'], message))]
      : (attempt(report, [index], () => fromShort(String(port))) ?? []),
  );
}

function fromLong(port: Data, refuse: (message: string) => void): Data {
  const { published, host_ip: address, protocol = 'tcp', mode = 'ingress' } = port;
  if (address !== undefined && isIP(String(address)) === 0) refuse(`${JSON.stringify(address)} is not an IP address`);
  return { ...port, mode, protocol, ...(published !== undefined && { published: String(published) }) };
}

/** The long form of `[[ADDRESS:]HOST[-HOST]:]CONTAINER[-CONTAINER][/PROTOCOL]`, one for each port of a range. */
export function fromShort(text: string): Data[] {
  const [spec = '', protocol = 'tcp', ...more] = text.split('/');
  const { address, published, target } = partsOf(spec, text);
  if (more.length > 0 || !['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase()))
    throw new Malformed(`${JSON.stringify(text)} has no protocol that Docker knows; write /tcp, /udp or /sctp`);
  const containers = toRange(target, text, 1);
  const hosts = published === '' ? undefined : toRange(published, text, 0);
  const length = containers.to - containers.from + 1;
  if (length > longestRange)
    throw new Malformed(`${JSON.stringify(text)} has more than ${longestRange} ports; write a shorter range`);
  const isChoice = hosts !== undefined && length === 1;
  if (hosts && !isChoice && hosts.to - hosts.from + 1 !== length)
    throw new Malformed(`${JSON.stringify(text)} has ranges of different lengths; make them equal`);
  return Array.from({ length }, (_, index) => ({
    mode: 'ingress',
    ...(address !== '' && { host_ip: address }),
    target: containers.from + index,
    ...(hosts && { published: isChoice ? rangeText(hosts) : String(hosts.from + index) }),
    protocol: protocol.toLowerCase(),
  }));
}

/** Splits from the end, so that an address may be IPv6 with or without brackets. */
function partsOf(spec: string, text: string): { address: string; published: string; target: string } {
  const bracketed = /^\[([^\]]+)\]:(.*)$/.exec(spec);
  const parts = (bracketed ? bracketed[2]! : spec).split(':');
  const target = parts.pop()!;
  const published = parts.pop() ?? '';
  const address = bracketed ? bracketed[1]! : parts.join(':');
  if (address !== '' && (isIP(address) === 0 || address.includes('%')))
    throw new Malformed(`${JSON.stringify(text)}: ${JSON.stringify(address)} is not an IP address`);
  return { address, published, target };
}

interface Range {
  from: number;
  to: number;
}

/** Host port 0 is one that Docker chooses. */
function toRange(part: string, text: string, least: 0 | 1): Range {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part);
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  const isOne = match && from >= least && from <= to && to <= largest;
  if (!isOne)
    throw new Malformed(
      `${JSON.stringify(text)} is not a port; write "80:8080", "8000-8010:8080", "127.0.0.1:80:8080" or "8080", ` +
        'with ports from 1 to 65535',
    );
  return { from, to };
}

function rangeText({ from, to }: Range): string {
  return from === to ? String(from) : `${from}-${to}`;
}
