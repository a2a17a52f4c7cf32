import { isIP } from 'node:net';

const loopback = ['localhost', '127.0.0.1', '::1'];

export interface Expected {
  /** Address that the server listens on. */
  bound: string;
  /** Other names by which it is reached, through a proxy say. */
  allowed?: readonly string[];
}

/**
 * Whether the Host header of a request names this server. A page of somebody else's can give its own name the address
 * of this machine (DNS rebinding), and its browser sends that name along. A server that others reach takes any address,
 * and no other name.
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
