import { readFile, readdir, statfs } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import type { ObservedNetwork } from '../model/observation';

/** The flag RTF_UP of the kernel's routes. */
const routeIsUp = 1;

/** Networks of this machine's interfaces and routes, without container bridges, which their engine reports. */
export async function hostNetworks(): Promise<ObservedNetwork[]> {
  return [...interfaceNetworks(), ...routedNetworks(await readFile('/proc/net/route', 'utf8').catch(() => ''))];
}

const ofContainers = /^(lo|docker|br-|veth|cni)/;

function interfaceNetworks(): ObservedNetwork[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !ofContainers.test(name))
    .flatMap(([name, addresses = []]) =>
      addresses
        .filter(({ family }) => family === 'IPv4')
        .map(({ cidr }) => ({
          name: `interface ${name}`,
          cidr: cidr ?? undefined,
          ours: false,
          owner: `the host's interface ${name}`,
        })),
    );
}

/** Networks in the kernel's routing table, for example of a VPN, without the default route. */
export function routedNetworks(table: string): ObservedNetwork[] {
  const rows = table
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/));
  return rows
    .filter(
      ([device, , , flags]) => device && !ofContainers.test(device) && (Number.parseInt(flags!, 16) & routeIsUp) !== 0,
    )
    .map(([device, destination, , , , , , mask]) => ({
      device,
      destination: bytesOf(destination!),
      mask: bytesOf(mask!),
    }))
    .filter(({ mask }) => mask.some((byte) => byte !== 0))
    .map(({ device, destination, mask }) => {
      const cidr = `${destination.join('.')}/${new ipaddr.IPv4(mask).prefixLengthFromSubnetMask() ?? 32}`;
      return { name: `route ${cidr}`, cidr, ours: false, owner: `the host's route to it by ${device}` };
    });
}

/** The kernel writes addresses in the byte order of the CPU. */
function bytesOf(hex: string): number[] {
  return hex
    .match(/../g)!
    .reverse()
    .map((byte) => Number.parseInt(byte, 16));
}

/** Free bytes on the disk of a folder; 0 if unknown. */
export async function freeStorage(folder: string): Promise<number> {
  const stats = await statfs(folder).catch(() => undefined);
  return stats ? stats.bavail * stats.bsize : 0;
}

export async function countGpus(): Promise<number> {
  const devices = await readdir('/dev').catch(() => []);
  return devices.filter((name) => /^nvidia\d+$/.test(name)).length;
}
