export const largestPort = 65_535;

/** Wildcard addresses: the port is open on every address of the host. */
const everyAddress = new Set(['', '0.0.0.0', '::', '*']);

/** `127.0.0.1:80` or `[::1]:80`, as in a URL. */
export function hostPort(host: string, port: number | string): string {
  return `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}

/** The address a port is bound to; undefined for every address of the host. */
export function boundAddress(address: string | undefined): string | undefined {
  return address === undefined || everyAddress.has(address) ? undefined : address.toLowerCase();
}

/** Whether two bindings of one port at these addresses conflict. */
export function addressesOverlap(one: string | undefined, other: string | undefined): boolean {
  const [a, b] = [boundAddress(one), boundAddress(other)];
  return a === undefined || b === undefined || a === b;
}
