import type { NetworkAttachment } from '../../model/instance';
import type { DockerConnection } from './connection';
import { docker, dockerOr } from './errors';

interface Endpoint {
  IPAddress?: string;
  Aliases?: string[] | null;
}

/**
 * Docker gives an endpoint its names when it is made: it is made again, with the address that it had, so that the
 * container's open connections survive the moment in between.
 */
export async function attach(connection: DockerConnection, name: string, networks: NetworkAttachment[]): Promise<void> {
  const { Id, NetworkSettings } = await docker(() => connection.docker.getContainer(name).inspect());
  const endpoints = NetworkSettings.Networks as Record<string, Endpoint>;
  for (const { name: network, aliases } of networks) {
    const endpoint = endpoints[network];
    if (endpoint && sameNames(endpoint.Aliases ?? [], aliases, Id)) continue;
    if (endpoint) await dockerOr([404], undefined, () => connection.docker.getNetwork(network).disconnect({ Container: name }) as Promise<void>);
    await connect(connection, name, network, aliases, endpoint?.IPAddress);
  }
}

/** Docker adds the short id of the container to whatever names it is given. */
function sameNames(known: string[], wanted: string[], id: string): boolean {
  const own = known.filter((alias) => !id.startsWith(alias));
  return own.length === wanted.length && wanted.every((alias) => own.includes(alias));
}

/** A network whose range Docker chose gives no address on request: there the container gets another one. */
async function connect({ docker: engine }: DockerConnection, name: string, network: string, aliases: string[], address: string | undefined): Promise<void> {
  const join = (settings: object) => engine.getNetwork(network).connect({ Container: name, EndpointConfig: { Aliases: aliases, ...settings } }) as Promise<void>;
  if (address) {
    const joined = await join({ IPAMConfig: { IPv4Address: address } }).then(() => true, () => false);
    if (joined) return;
  }
  await dockerOr([403], undefined, () => join({}));
}
