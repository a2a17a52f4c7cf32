import type { HostInput } from '../schema/host';
import type { RuntimeName } from '../../model/runtimes';
import { outsideClusters } from '../../model/stack/runtime-of';
import type { StackHost } from '../../model/stack';
import { toAmounts } from './service/amounts';

const address = /^(?:tcp|ssh):\/\/(?:[^@/]*@)?(\d+\.\d+\.\d+\.\d+)(?::\d+)?$/;

/** Hosts of a stack, without their connection settings: only their workers read those. */
export function toHosts(
  input: Record<string, HostInput | null> | undefined,
  runtime: RuntimeName,
): StackHost[] | undefined {
  if (!input || Object.keys(input).length === 0) return undefined;
  return Object.entries(input).map(([name, host]) => toHost(name, host ?? {}, runtime));
}

function toHost(
  name: string,
  { docker, kubernetes, address: given, zone, capacity }: HostInput,
  runtime: RuntimeName,
): StackHost {
  const kind = kubernetes === undefined ? outsideClusters(runtime) : 'kubernetes';
  const own = given ?? address.exec(docker ?? '')?.[1];
  return {
    name,
    ...(kind !== runtime && { runtime: kind }),
    capacity: toAmounts(capacity),
    ...(own !== undefined && { address: own }),
    ...(zone !== undefined && { zone }),
  };
}
