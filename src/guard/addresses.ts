import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { PeerFailure } from './deadline';

/** Addresses of cloud metadata services that are not link-local: AWS and Google over IPv6, Alibaba, Oracle, Azure. */
const metadataServices = new Set(['fd00:ec2::254', 'fd20:ce::254', '100.100.100.200', '192.0.0.192', '168.63.129.16']);

/** IPv6 ranges that embed an IPv4 address, to which a gateway may forward, and the first of its two groups. */
const carriers: [range: [ipaddr.IPv6, number], group: number][] = [
  [ipaddr.IPv6.parseCIDR('::/96'), 6],
  [ipaddr.IPv6.parseCIDR('::ffff:0:0/96'), 6],
  [ipaddr.IPv6.parseCIDR('::ffff:0:0:0/96'), 6],
  [ipaddr.IPv6.parseCIDR('64:ff9b::/96'), 6],
  [ipaddr.IPv6.parseCIDR('64:ff9b:1::/48'), 6],
  [ipaddr.IPv6.parseCIDR('2002::/16'), 1],
];

const description = 'a link-local or metadata address, which stack files may not use';

/** A host without the brackets that an IPv6 address has in a URL. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/**
 * What whoever has an address has at least: an IPv4 address alone, or the whole network of an IPv6 address. Anything
 * that is no IP address stays as it is.
 */
export function networkOf(text: string): string {
  if (isIP(text) === 0) return text;
  const address = ipaddr.process(text);
  if (!(address instanceof ipaddr.IPv6)) return address.toString();
  return `${new ipaddr.IPv6([...address.parts.slice(0, 4), 0, 0, 0, 0]).toString()}/64`;
}

/**
 * True for link-local addresses (RFC 3927, RFC 4291) and cloud metadata services, which give credentials to any process
 * of this machine. Includes IPv6 addresses that embed such an IPv4 address (RFC 3056, RFC 4291, RFC 6052, RFC 8215).
 * False for anything that is not an IP address.
 */
export function isSurrounding(text: string): boolean {
  const bare = bareHost(text).replace(/%.*$/, '');
  if (isIP(bare) === 0) return false;
  const address = ipaddr.parse(bare);
  const all = [address, ...carriedBy(address)];
  return all.some((each) => each.range() === 'linkLocal' || metadataServices.has(each.toString()));
}

/** The IPv4 addresses that an IPv6 address embeds. */
function carriedBy(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4[] {
  if (!(address instanceof ipaddr.IPv6)) return [];
  const { parts } = address;
  const found = carriers.filter(([range]) => address.match(range));
  return found.map(([, group]) => ipv4Of(parts[group]!, parts[group + 1]!));
}

function ipv4Of(high: number, low: number): ipaddr.IPv4 {
  return new ipaddr.IPv4([high >> 8, high & 0xff, low >> 8, low & 0xff]);
}

/** Why a host may not be called; undefined unless {@link isSurrounding}. */
export function surroundingProblem(host: string): string | undefined {
  return isSurrounding(host) ? `${host} is ${description}` : undefined;
}

/** @throws PeerFailure if {@link isSurrounding} */
export function refuseSurroundings(host: string): void {
  const problem = surroundingProblem(host);
  if (problem !== undefined) throw new PeerFailure(problem);
}

/** Resolves names as Node does, and fails if the result {@link isSurrounding}. */
export const lookupElsewhere: LookupFunction = (hostname: string, options: LookupOptions, callback) => {
  resolve(hostname, options, (error, address: string | LookupAddress[], family?: number) => {
    const found = typeof address === 'string' ? [address] : (address ?? []).map((each) => each.address);
    const refused = found.find(isSurrounding);
    if (refused === undefined) return callback(error, address, family);
    callback(new PeerFailure(`its name resolves to ${refused}, ${description}`), []);
  });
};
