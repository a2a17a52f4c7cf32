import { isIP } from 'node:net';

const loopback = ['localhost', '127.0.0.1', '::1'];

export interface Expected {
  /** Address that the server listens on. */
  bound: string;
  /** Additional host names, such as that of a proxy. */
  allowed?: readonly string[];
}

/**
 * True if the Host header of a request names this server. This prevents DNS rebinding, with which a foreign page points
 * its own name to this machine. A server that does not listen on loopback accepts any IP address, but no other name.
 */
export function isExpectedHost(header: string | undefined, { bound, allowed = [] }: Expected): boolean {
  const name = nameIn(header ?? '');
  if (name === undefined) return false;
  if (loopback.includes(name) || name === bound.toLowerCase() || allowed.some((each) => each.toLowerCase() === name))
    return true;
  return !loopback.includes(bound) && isIP(name) !== 0;
}

/** `[::1]:8234`, `localhost:8234`, `codec.example.com`. */
function nameIn(header: string): string | undefined {
  const [, six, name] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+?)\.?)(?::\d{1,5})?$/i.exec(header) ?? [];
  return (six ?? name)?.toLowerCase();
}
