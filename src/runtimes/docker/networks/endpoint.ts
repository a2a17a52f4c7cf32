import type { EndpointSettings as DockerEndpoint } from 'dockerode';
import type { NetworkAttachment } from '../../../model/instance';

/** Docker's form of an instance's place on a network. `address`: one that the engine has chosen. */
export function toEndpoint({ aliases, settings = {} }: NetworkAttachment, address: string | undefined): DockerEndpoint {
  const { ipv4 = address, ipv6, linkLocal, mac, driverOptions } = settings;
  const addresses = {
    ...(ipv4 !== undefined && { IPv4Address: ipv4 }),
    ...(ipv6 !== undefined && { IPv6Address: ipv6 }),
    ...(linkLocal && { LinkLocalIPs: linkLocal }),
  };
  return {
    Aliases: aliases,
    ...(Object.keys(addresses).length > 0 && { IPAMConfig: addresses }),
    ...(mac !== undefined && { MacAddress: mac }),
    ...(driverOptions && { DriverOpts: driverOptions }),
  } as DockerEndpoint;
}
