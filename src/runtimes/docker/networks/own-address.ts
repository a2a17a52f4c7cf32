import { listeningSockets } from '../../host-sockets';
import { tryTcp } from '../../../guard/tcp';
import { freeAddress } from './addresses';
import { disconnect, endpointsOf, join, shortId, type Endpoint } from './attach';
import type { DockerConnection } from '../api/connection';
import { docker } from '../api/errors';

const connectMs = 1000;

/**
 * After a crash Docker gives addresses away that running containers have (moby/moby#18535), or that a container which
 * it has lost sight of still answers at. A container that shares its address gets one of its own. Resolves with whether
 * that was so. `port`: one at which it was asked in vain.
 */
export async function ensureOwnAddress(connection: DockerConnection, name: string, port?: number): Promise<boolean> {
  const { id, endpoints } = await endpointsOf(connection, name);
  const shared = await sharedWithKnown(connection, id, endpoints);
  const wrong =
    shared.length === 0 && port !== undefined && (await isAnsweredByAnother(connection, name, port))
      ? Object.entries(endpoints)
      : shared;
  for (const [network, { Aliases }] of wrong) {
    const address = await freeAddress(connection, network, name);
    await disconnect(connection, name, network);
    await join(
      connection,
      name,
      network,
      (Aliases ?? []).filter((alias) => alias !== shortId(id)),
      address,
    );
  }
  return wrong.length > 0;
}

async function sharedWithKnown(
  connection: DockerConnection,
  id: string,
  endpoints: Record<string, Endpoint>,
): Promise<[string, Endpoint][]> {
  const containers = await docker(() => connection.docker.listContainers());
  const others = containers.filter(({ Id }) => Id !== id);
  return Object.entries(endpoints).filter(
    ([network, { IPAddress }]) =>
      IPAddress && others.some(({ NetworkSettings }) => NetworkSettings.Networks[network]?.IPAddress === IPAddress),
  );
}

/** It listens, and who connects is refused: somebody else has answered. */
async function isAnsweredByAnother(
  { docker: engine, local }: DockerConnection,
  name: string,
  port: number,
): Promise<boolean> {
  if (!local) return false;
  const { State, NetworkSettings } = await docker(() => engine.getContainer(name).inspect());
  const address = Object.values(NetworkSettings.Networks).find(({ IPAddress }) => IPAddress)?.IPAddress;
  return address !== undefined && State.Running && (await listens(State.Pid, port)) && isRefused(address, port);
}

/** On every address, as the kernel tells of the network that a process sees. */
async function listens(pid: number, port: number): Promise<boolean> {
  const sockets = await listeningSockets(`/proc/${pid}/net`);
  return sockets.some((socket) => socket.port === port && socket.address === undefined);
}

async function isRefused(host: string, port: number): Promise<boolean> {
  return (await tryTcp(host, port, connectMs)) === 'ECONNREFUSED';
}
