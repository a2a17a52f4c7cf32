import { listeningSockets } from '../../host-sockets';
import { tryTcp } from '../../../guard/tcp';
import { freeAddress } from './addresses';
import { disconnect, endpointsOf, join } from './attach';
import { namesAt, type Endpoint } from './endpoint';
import type { DockerConnection } from '../api/connection';
import { docker } from '../api/errors';

const connectMs = 1000;

/**
 * After a crash Docker may assign addresses of running containers again (moby/moby#18535), also of containers that it
 * no longer tracks. A container with a shared address gets a new one. Resolves with whether that was necessary. `port`:
 * one that did not answer.
 */
export async function ensureOwnAddress(connection: DockerConnection, name: string, port?: number): Promise<boolean> {
  const { id, endpoints } = await endpointsOf(connection, name);
  const shared = await sharedWithKnown(connection, id, endpoints);
  const conflicting =
    shared.length === 0 && port !== undefined && (await isAnsweredByAnother(connection, name, port))
      ? Object.entries(endpoints)
      : shared;
  for (const [network, endpoint] of conflicting) {
    const address = await freeAddress(connection, network, name);
    await disconnect(connection, name, network);
    await join(connection, name, network, namesAt(endpoint, id), address);
  }
  return conflicting.length > 0;
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

/** The container listens on the port but connections are refused: another one has answered. */
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

/** True if it listens on all addresses, from the socket tables of the container's network namespace. */
async function listens(pid: number, port: number): Promise<boolean> {
  const sockets = await listeningSockets(`/proc/${pid}/net`);
  return sockets.some((socket) => socket.port === port && socket.address === undefined);
}

async function isRefused(host: string, port: number): Promise<boolean> {
  return (await tryTcp(host, port, connectMs)) === 'ECONNREFUSED';
}
