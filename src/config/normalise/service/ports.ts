import { isIP } from 'node:net';
import type { ServiceInput } from '../../schema/service';
import type { PortRange, ServicePort } from '../../../model/stack';
import { fromShort } from '../../compose/canonical/ports';
import { Malformed } from '../words';

type PortInput = NonNullable<ServiceInput['ports']>[number];
type LongPort = Extract<PortInput, { target: number }>;

/**
 * The ports of an entry: `80:8080`, `8000-8010:8080`, `127.0.0.1:80:8080/udp`, `8080`, or the long form; several with a
 * range on both sides, `8000-8002:80-82`.
 */
export function toPorts(input: PortInput): ServicePort[] {
  return typeof input === 'string' ? fromShort(input).map((port) => toPort(port as LongPort)) : [toPort(input)];
}

function toPort(input: LongPort | number): ServicePort {
  if (typeof input === 'number') return { container: valid(input), protocol: 'tcp' };
  return {
    container: valid(input.target),
    ...(input.published !== undefined && { published: toRange(String(input.published)) }),
    ...(input.host_ip !== undefined && { hostIp: address(input.host_ip) }),
    protocol: input.protocol ?? 'tcp',
  };
}

/** `8000-8010`, or one port. */
export function toRange(text: string): PortRange {
  const [from, to = from] = text.split('-').map(Number);
  if (!from || !to || from > to || to > 65_535)
    throw new Malformed(`"${text}" is not a port or a range; write ports from 1 to 65535, such as 8080 or 8000-8010`);
  return { from, to };
}

function valid(port: number): number {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Malformed(`${port} is not a port; ports are 1 to 65535`);
  return port;
}

function address(text: string): string {
  if (!isIP(text)) throw new Malformed(`"${text}" is not an IP address`);
  return text;
}
