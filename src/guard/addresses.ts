import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { PeerFailure } from './deadline';

/** Addresses of cloud metadata services that are not link-local: AWS and Google over IPv6, Alibaba, Oracle, Azure. */
const metadataServices = new Set(['fd00:ec2::254', 'fd20:ce::254', '100.100.100.200', '192.0.0.192', '168.63.129.16']);

/** IPv6 ranges that carry an IPv4 address, and the first of its two groups: a gateway may hand packets on to it. */
const carriers: [range: [ipaddr.IPv6, number], group: number][] = [
  [ipaddr.IPv6.parseCIDR('::/96'), 6],
  [ipaddr.IPv6.parseCIDR('::ffff:0:0/96'), 6],
  [ipaddr.IPv6.parseCIDR('::ffff:0:0:0/96'), 6],
  [ipaddr.IPv6.parseCIDR('64:ff9b::/96'), 6],
  [ipaddr.IPv6.parseCIDR('64:ff9b:1::/48'), 6],
  [ipaddr.IPv6.parseCIDR('2002::/16'), 1],
];

const whatItIs = 'a link-local or metadata address, which a stack file cannot name';

/** A host without the brackets that an IPv6 address has in a URL. */
export function bareHost(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}

/**
 * Whether an IP address belongs to the machine's own surroundings, as the metadata services of clouds do (RFC 3927, RFC
 * 4291): what answers there gives credentials to whoever asks from this machine. IPv6 addresses that carry such an IPv4
 * address count too (RFC 3056, RFC 4291, RFC 6052, RFC 8215). Anything that is not an IP address does not.
 */
export function isSurrounding(text: string): boolean {
  const bare = bareHost(text).replace(/%.*$/, '');
  if (isIP(bare) === 0) return false;
  const address = ipaddr.parse(bare);
  const all = [address, ...carriedBy(address)];
  return all.some((each) => each.range() === 'linkLocal' || metadataServices.has(each.toString()));
}

/** The IPv4 addresses that an IPv6 address stands for. */
function carriedBy(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4[] {
  if (!(address instanceof ipaddr.IPv6)) return [];
  const { parts } = address;
  const found = carriers.filter(([range]) => address.match(range));
  return found.map(([, group]) => ipv4Of(parts[group]!, parts[group + 1]!));
}

function ipv4Of(high: number, low: number): ipaddr.IPv4 {
  return new ipaddr.IPv4([high >> 8, high & 0xff, low >> 8, low & 0xff]);
}

/** Why a host cannot be called, where it is an address that {@link isSurrounding}. */
export function surroundingProblem(host: string): string | undefined {
  return isSurrounding(host) ? `${host} is ${whatItIs}` : undefined;
}

/** @throws PeerFailure for an address that {@link isSurrounding} */
export function refuseSurroundings(host: string): void {
  const problem = surroundingProblem(host);
  if (problem !== undefined) throw new PeerFailure(problem);
}

/** Resolves names as Node does, and fails where one leads to an address that {@link isSurrounding}. */
export const lookupElsewhere: LookupFunction = (hostname: string, options: LookupOptions, callback) => {
  resolve(hostname, options, (error, address: string | LookupAddress[], family?: number) => {
    const found = typeof address === 'string' ? [address] : (address ?? []).map((each) => each.address);
    const refused = found.find(isSurrounding);
    if (refused === undefined) return callback(error, address, family);
    callback(new PeerFailure(`its name leads to ${refused}, ${whatItIs}`), []);
  });
};
