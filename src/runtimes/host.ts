import { readFile, readdir, statfs } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';
import type { ObservedNetwork } from '../model/observation';

/** RTF_UP of the kernel's routes. */
const routeIsUp = 1;

/** Networks of this machine's own interfaces and routes; those of container bridges are left to their engine. */
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

/**
 * Networks that the kernel's table of routes sends elsewhere, by a VPN for example; the default route is none of them.
 */
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

/** The kernel writes addresses in the order of bytes of the processor. */
function bytesOf(hex: string): number[] {
  return hex
    .match(/../g)!
    .reverse()
    .map((byte) => Number.parseInt(byte, 16));
}

/** Bytes free for what lives under a folder; 0 where that cannot be known. */
export async function freeStorage(folder: string): Promise<number> {
  const stats = await statfs(folder).catch(() => undefined);
  return stats ? stats.bavail * stats.bsize : 0;
}

export async function countGpus(): Promise<number> {
  const devices = await readdir('/dev').catch(() => []);
  return devices.filter((name) => /^nvidia\d+$/.test(name)).length;
}
