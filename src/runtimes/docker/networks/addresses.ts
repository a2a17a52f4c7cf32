import type { NetworkInspectInfo } from 'dockerode';
import { toAddress, toRange, type AddressRange } from '../../../model/ipv4';
import type { DockerConnection } from '../api/connection';
import { docker } from '../api/errors';

const smallestSplit = 16;

/**
 * The half of a network's range from which Docker assigns addresses. The other half is for containers that keep their
 * address: while they are stopped, Docker would assign it to others, and then refuse to start them.
 */
export function rangeForDocker(subnet: string): string | undefined {
  const [address, bits] = subnet.split('/');
  return 2 ** (32 - Number(bits)) < smallestSplit ? undefined : `${address}/${Number(bits) + 1}`;
}

/** An address that no running or stopped container has; undefined if the network has no range for that. */
export async function freeAddress(
  { docker: engine }: DockerConnection,
  network: string,
  container: string,
): Promise<string | undefined> {
  const { Name, IPAM } = await docker(() => engine.getNetwork(network).inspect() as Promise<NetworkInspectInfo>);
  const range = IPAM?.Config?.find(({ IPRange }) => IPRange);
  if (!range) return undefined;
  const taken = await takenAddresses(engine, Name);
  const { first, last } = upperHalf(range.Subnet!);
  const size = last - first;
  const start = offsetOf(container, size);
  for (let step = 0; step < size; step += 1) {
    const address = toAddress(first + ((start + step) % size));
    if (!taken.has(address)) return address;
  }
  return undefined;
}

async function takenAddresses(engine: DockerConnection['docker'], network: string): Promise<Set<string>> {
  const containers = await docker(() => engine.listContainers({ all: true, filters: { network: [network] } }));
  return new Set(
    containers.flatMap(({ NetworkSettings }) => {
      const endpoint = NetworkSettings.Networks[network];
      const fixed = (endpoint?.IPAMConfig as { IPv4Address?: string } | undefined)?.IPv4Address;
      return [endpoint?.IPAddress, fixed].filter((address): address is string => Boolean(address));
    }),
  );
}

/** The upper half of a subnet, without the broadcast address. */
function upperHalf(subnet: string): AddressRange {
  const { first, last } = toRange(subnet);
  return { first: first + (last - first + 1) / 2, last };
}

/** Different names start their search at different offsets. */
function offsetOf(name: string, size: number): number {
  let hash = 0;
  for (let index = 0; index < name.length; index += 1) hash = (Math.imul(hash, 31) + name.charCodeAt(index)) >>> 0;
  return hash % size;
}
