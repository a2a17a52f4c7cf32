import { lookup as resolve, type LookupAddress, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import ipaddr from 'ipaddr.js';
import { PeerFailure } from './deadline';

/** Addresses of cloud metadata services that are not link-local: AWS over IPv6, Alibaba, Oracle. */
const metadataServices = new Set(['fd00:ec2::254', '100.100.100.200', '192.0.0.192']);

/**
 * Whether an IP address belongs to the machine's own surroundings, as the metadata services of clouds do (RFC 3927, RFC 4291):
 * what answers there gives credentials to whoever asks from this machine. Anything that is not an IP address does not.
 */
export function isSurrounding(text: string): boolean {
  const bare = text.replace(/^\[(.*)\]$/, '$1').replace(/%.*$/, '');
  if (isIP(bare) === 0) return false;
  const address = ipaddr.process(bare);
  return address.range() === 'linkLocal' || metadataServices.has(address.toString());
}

/** What a name must not lead to. @throws PeerFailure for such an IP address */
export function refuseSurroundings(host: string): void {
  if (isSurrounding(host)) throw new PeerFailure(`${host} is a link-local or metadata address, which a stack file cannot name`);
}

/** Resolves names as Node does, and fails where one leads to an address that {@link isSurrounding}. */
export const lookupElsewhere: LookupFunction = (hostname: string, options: LookupOptions, callback) => {
  resolve(hostname, options, (error, address: string | LookupAddress[], family?: number) => {
    const found = typeof address === 'string' ? [address] : (address ?? []).map((each) => each.address);
    const refused = found.find(isSurrounding);
    if (refused === undefined) return callback(error, address, family);
    callback(new PeerFailure(`its name leads to ${refused}, a link-local or metadata address, which a stack file cannot name`), []);
  });
};
