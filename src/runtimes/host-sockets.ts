import { readFile } from 'node:fs/promises';
import ipaddr from 'ipaddr.js';
import { addressesOverlap, boundAddress } from '../model/names/host-port';

/** A TCP port on which a process listens; without an address, on all addresses. */
export interface ListeningSocket {
  port: number;
  address?: string;
}

const listening = '0A';

/**
 * Listening sockets of this machine, or of a process's network namespace; empty if the system has no tables. `folder`:
 * of the kernel's tables.
 */
export async function listeningSockets(folder = '/proc/net'): Promise<ListeningSocket[]> {
  const tables = await Promise.all(
    ['tcp', 'tcp6'].map((table) => readFile(`${folder}/${table}`, 'utf8').catch(() => '')),
  );
  return tables.flatMap(parseSockets);
}

/** The listening sockets in a kernel table. */
export function parseSockets(table: string): ListeningSocket[] {
  const rows = table
    .split('\n')
    .slice(1)
    .map((row) => row.trim().split(/\s+/));
  return rows
    .filter(([, , , state]) => state === listening)
    .map(([, local]) => {
      const [address, port] = local!.split(':') as [string, string];
      const bound = boundAddress(parseAddress(address));
      return { port: Number.parseInt(port, 16), ...(bound !== undefined && { address: bound }) };
    });
}

/** The sockets that do not overlap with the given ports. */
export function withoutPorts(sockets: ListeningSocket[], own: ListeningSocket[]): ListeningSocket[] {
  return sockets.filter(
    ({ port, address }) => !own.some((each) => each.port === port && addressesOverlap(each.address, address)),
  );
}

/** The kernel writes 32-bit words in the byte order of the CPU: little-endian on all platforms of Node. */
function parseAddress(hex: string): string {
  const bytes = hex.match(/.{8}/g)!.flatMap((word) =>
    word
      .match(/../g)!
      .reverse()
      .map((byte) => Number.parseInt(byte, 16)),
  );
  const address = ipaddr.fromByteArray(bytes);
  return address.kind() === 'ipv6' && (address as ipaddr.IPv6).isIPv4MappedAddress()
    ? (address as ipaddr.IPv6).toIPv4Address().toString()
    : address.toString();
}
