import { freeAddress } from './addresses';
import { disconnect, endpointsOf, join, shortId } from './attach';
import type { DockerConnection } from './connection';
import { docker } from './errors';

/**
 * After a crash Docker gives addresses away that running containers have (moby/moby#18535). A container that shares its
 * address with another one gets one of its own. Resolves with whether that was so.
 */
export async function ensureOwnAddress(connection: DockerConnection, name: string): Promise<boolean> {
  const { id, endpoints } = await endpointsOf(connection, name);
  const containers = await docker(() => connection.docker.listContainers());
  const others = containers.filter(({ Id }) => Id !== id);
  const shared = Object.entries(endpoints).filter(([network, { IPAddress }]) => IPAddress && others.some(({ NetworkSettings }) => NetworkSettings.Networks[network]?.IPAddress === IPAddress));
  for (const [network, { Aliases }] of shared) {
    const address = await freeAddress(connection, network, name);
    await disconnect(connection, name, network);
    await join(connection, name, network, (Aliases ?? []).filter((alias) => alias !== shortId(id)), address);
  }
  return shared.length > 0;
}
