import type { EndpointSettings as DockerEndpoint } from 'dockerode';
import type { NetworkAttachment } from '../../../model/instance';

/** Docker's form of an instance's place on a network. `address`: one that the engine has chosen. */
export function toEndpoint(
  { aliases, links, settings = {} }: NetworkAttachment,
  address: string | undefined,
): DockerEndpoint {
  const { ipv4 = address, ipv6, linkLocal, mac, driverOptions } = settings;
  const addresses = {
    ...(ipv4 !== undefined && { IPv4Address: ipv4 }),
    ...(ipv6 !== undefined && { IPv6Address: ipv6 }),
    ...(linkLocal && { LinkLocalIPs: linkLocal }),
  };
  return {
    Aliases: aliases,
    ...(links && { Links: Object.entries(links).map(([alias, name]) => `${name}:${alias}`) }),
    ...(Object.keys(addresses).length > 0 && { IPAMConfig: addresses }),
    ...(mac !== undefined && { MacAddress: mac }),
    ...(driverOptions && { DriverOpts: driverOptions }),
  } as DockerEndpoint;
}

/** The part of an endpoint that Docker reports. */
export interface Endpoint {
  IPAddress?: string;
  Aliases?: string[] | null;
  Links?: string[] | null;
  IPAMConfig?: { IPv4Address?: string } | null;
}

/** The names of an endpoint of this container, without its short id, which Docker adds. */
export function namesAt({ Aliases, Links }: Endpoint, id: string): Pick<NetworkAttachment, 'aliases' | 'links'> {
  const links = (Links ?? []).map((link) => link.split(':').reverse() as [string, string]);
  return {
    aliases: (Aliases ?? []).filter((alias) => alias !== shortId(id)),
    ...(links.length > 0 && { links: Object.fromEntries(links) }),
  };
}

/** The name that Docker adds to the names of a container on its networks. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}
