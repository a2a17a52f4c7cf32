import type { ContainerInfo, ContainerInspectInfo } from 'dockerode';
import { RuntimeError } from '../../runtime';
import type { DockerConnection } from '../api/connection';
import { docker } from '../api/errors';
import { containerIn } from '../namespaces';

/**
 * The address at which this process reaches a port of a container: its IP address on a local engine, else the published
 * port.
 */
export async function address(
  { docker: engine, local, address: engineAddress }: DockerConnection,
  id: string,
  name: string,
  port: number,
): Promise<{ host: string; port: number }> {
  const { NetworkSettings, HostConfig } = await networkOwner(engine, id);
  if (HostConfig.NetworkMode === 'host') return { host: engineAddress, port };
  const { address: inside } = addressInside(NetworkSettings);
  if (local && inside !== undefined) return { host: inside, port };
  const published = NetworkSettings.Ports[`${port}/tcp`]?.[0];
  if (published)
    return {
      host:
        published.HostIp && published.HostIp !== '0.0.0.0' && published.HostIp !== '::'
          ? published.HostIp
          : engineAddress,
      port: Number(published.HostPort),
    };
  throw new RuntimeError(
    'software',
    `port ${port} of ${name} cannot be reached from the worker: publish it under ports, or check health with a command`,
  );
}

/** The IP address of a container on one of its own networks; that of a container on the host's network is empty. */
export function addressInside({ Networks }: Pick<ContainerInfo['NetworkSettings'], 'Networks'>): { address?: string } {
  const inside = Object.values(Networks).find(({ IPAddress }) => IPAddress)?.IPAddress;
  return inside ? { address: inside } : {};
}

/** Containers that join each other's networks in a row. */
const longestRow = 10;

/** The container whose network a container uses: its own, or one that it joins. */
async function networkOwner(engine: DockerConnection['docker'], id: string): Promise<ContainerInspectInfo> {
  let info = await docker(() => engine.getContainer(id).inspect());
  for (let row = 0; row < longestRow; row += 1) {
    const joined = containerIn(info.HostConfig.NetworkMode);
    if (joined === undefined) return info;
    info = await docker(() => engine.getContainer(joined).inspect());
  }
  return info;
}
