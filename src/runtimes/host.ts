import { readFile, readdir, statfs } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import type { ObservedNetwork } from '../model/observation';

/** TCP ports that something on this machine listens on; none where the system does not say. */
export async function listeningPorts(): Promise<Set<number>> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => '')));
  const rows = tables.flatMap((table) => table.split('\n').slice(1)).map((row) => row.trim().split(/\s+/));
  return new Set(rows.filter(([, , , state]) => state === '0A').map(([, local]) => Number.parseInt(local!.split(':')[1]!, 16)));
}

/** Networks of this machine's own interfaces; those of container bridges are left to their engine. */
export function interfaceNetworks(): ObservedNetwork[] {
  return Object.entries(networkInterfaces())
    .filter(([name]) => !/^(lo|docker|br-|veth|cni)/.test(name))
    .flatMap(([name, addresses = []]) => addresses.filter(({ family }) => family === 'IPv4').map(({ cidr }) => ({ name: `interface ${name}`, cidr: cidr ?? undefined, ours: false, owner: `the host's interface ${name}` })));
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
