import type { NetworkAttachment } from '../../../model/instance';
import { networkModeProblem } from '../../../model/names/network-modes';
import { RuntimeError } from '../../runtime';
import { freeAddress } from './addresses';
import { namesAt, toEndpoint, type Endpoint } from './endpoint';
import type { DockerConnection } from '../api/connection';
import { docker, dockerOr } from '../api/errors';

/**
 * Docker sets the names of an endpoint at its creation, so it is recreated with the same address: open connections
 * survive the short interruption.
 */
export async function attach(connection: DockerConnection, name: string, networks: NetworkAttachment[]): Promise<void> {
  refuseNetworkModes(networks);
  const { id, endpoints } = await endpointsOf(connection, name);
  for (const attachment of networks) {
    const { name: network, ...names } = attachment;
    const endpoint = endpoints[network];
    if (endpoint && sameNames(namesAt(endpoint, id).aliases, names.aliases)) continue;
    if (endpoint) await disconnect(connection, name, network);
    const address = endpoint ? endpoint.IPAMConfig?.IPv4Address : await freeAddress(connection, network, name);
    await join(connection, name, network, names, address);
  }
}

/** Replaces the fixed addresses of a container, which others have taken. Resolves with whether it had any. */
export async function readdress(connection: DockerConnection, name: string): Promise<boolean> {
  const { id, endpoints } = await endpointsOf(connection, name);
  const fixed = Object.entries(endpoints).filter(([, endpoint]) => endpoint.IPAMConfig?.IPv4Address);
  for (const [network, endpoint] of fixed) {
    await disconnect(connection, name, network);
    await join(connection, name, network, namesAt(endpoint, id), await freeAddress(connection, network, name));
  }
  return fixed.length > 0;
}

/** @throws RuntimeError if Docker would read the name of a network as a mode, such as `host` */
export function refuseNetworkModes(networks: readonly { name: string }[]): void {
  const problem = networks.map(({ name }) => networkModeProblem(name)).find((each) => each !== undefined);
  if (problem !== undefined) throw new RuntimeError('software', problem);
}

export async function join(
  { docker: engine }: DockerConnection,
  name: string,
  network: string,
  attachment: Omit<NetworkAttachment, 'name'>,
  address: string | undefined,
): Promise<void> {
  const settings = toEndpoint({ name: network, ...attachment }, address);
  await dockerOr(
    [403],
    undefined,
    () => engine.getNetwork(network).connect({ Container: name, EndpointConfig: settings }) as Promise<void>,
  );
}

export async function disconnect({ docker: engine }: DockerConnection, name: string, network: string): Promise<void> {
  await dockerOr([404], undefined, () => engine.getNetwork(network).disconnect({ Container: name }) as Promise<void>);
}

export async function endpointsOf(
  { docker: engine }: DockerConnection,
  name: string,
): Promise<{ id: string; endpoints: Record<string, Endpoint> }> {
  const { Id, NetworkSettings } = await docker(() => engine.getContainer(name).inspect());
  return { id: Id, endpoints: NetworkSettings.Networks as Record<string, Endpoint> };
}

function sameNames(current: string[], wanted: string[]): boolean {
  return current.length === wanted.length && wanted.every((alias) => current.includes(alias));
}
