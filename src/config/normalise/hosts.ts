import type { HostInput } from '../schema/host';
import type { StackHost } from '../stack';
import { toAmounts } from './amounts';

const address = /^(?:tcp|ssh):\/\/(?:[^@/]*@)?(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/;

/** The hosts of a stack, without how they are reached: that is a matter of their workers. */
export function toHosts(input: Record<string, HostInput | null> | undefined): StackHost[] | undefined {
  if (!input || Object.keys(input).length === 0) return undefined;
  return Object.entries(input).map(([name, host]) => toHost(name, host ?? {}));
}

function toHost(name: string, { docker, address: given, zone, capacity }: HostInput): StackHost {
  const own = given ?? address.exec(docker ?? '')?.[1];
  return { name, capacity: toAmounts(capacity), ...(own !== undefined && { address: own }), ...(zone !== undefined && { zone }) };
}
