export const largestPort = 65_535;

/** Addresses by which a port is open on every address of a host. */
const everyAddress = new Set(['', '0.0.0.0', '::', '*']);

/** `127.0.0.1:80` or `[::1]:80`, as in a URL. */
export function hostPort(host: string, port: number | string): string {
  return `${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${port}`;
}

/** The address that a port is bound to; undefined where that is every address of the host. */
export function boundAddress(address: string | undefined): string | undefined {
  return address === undefined || everyAddress.has(address) ? undefined : address.toLowerCase();
}

/** Whether the same port at these addresses can be bound only once. */
export function addressesOverlap(one: string | undefined, other: string | undefined): boolean {
  const [a, b] = [boundAddress(one), boundAddress(other)];
  return a === undefined || b === undefined || a === b;
}
