import { parse, parseCIDR, isValidCIDR } from 'ipaddr.js';
import type { Stack } from '../../../model/stack';
import { at, eachService, type Rule } from '../rule';

/** A fixed address must be in a subnet of its network, as far as the file says which these are. */
export const addressesInSubnets: Rule = eachService((service, { stack }) =>
  Object.entries(service.networks).flatMap(([name, { settings = {} }]) => {
    const subnets = Object.hasOwn(stack.networks, name) ? subnetsOf(stack.networks[name]!) : [];
    const fixed = [
      ['ipv4_address', settings.ipv4, 'ipv4'],
      ['ipv6_address', settings.ipv6, 'ipv6'],
    ] as const;
    return fixed.flatMap(([key, address, kind]) => {
      const ofKind = subnets.filter((subnet) => parseCIDR(subnet)[0].kind() === kind);
      if (address === undefined || ofKind.length === 0 || ofKind.some((subnet) => contains(subnet, address))) return [];
      const message = `${address} is not in ${ofKind.join(' or ')}, the subnet of the network ${name}; choose another`;
      return [at(service, ['networks', name, key], message)];
    });
  }),
);

/** The subnets that the file declares. */
function subnetsOf({ external, cidr, ipam }: Stack['networks'][string]): string[] {
  if (external) return [];
  const pools = (ipam?.pools ?? []).map(({ subnet }) => subnet);
  return [...(cidr === undefined ? [] : [cidr]), ...pools].filter((subnet) => isValidCIDR(subnet));
}

function contains(subnet: string, address: string): boolean {
  const [first, bits] = parseCIDR(subnet);
  const one = parse(address);
  return one.kind() === first.kind() && one.match(first, bits);
}
