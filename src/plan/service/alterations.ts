import type { Service } from '../../model/stack';
import type { ObservedInstance } from '../../model/observation';
import { balancerName } from '../../model/traffic';

const mebibyte = 1024 ** 2;
/** Docker counts CPUs in billionths. */
const nano = 1e9;

const amounts = {
  cpus: (value: number) => (value > 0 ? `${value} CPUs` : 'all CPUs'),
  memory: (value: number) => (value > 0 ? `${value / mebibyte} MiB of memory` : 'all memory'),
};

/**
 * Manual changes to a running instance; each completes "it is …". The limits of the load balancer are not
 * compared: they belong to the engine and differ between versions.
 */
export function alterationsOf({ name, limit }: Service, instance: ObservedInstance): string[] {
  if (instance.kind === 'job' || instance.state !== 'running') return [];
  return [
    ...lostNetworks(instance).map((network) => `not attached to the network ${network}`),
    ...(name === balancerName ? [] : otherLimits(instance, limit)),
    ...otherPolicy(instance),
    ...(instance.leftBehind ?? []).map((name) => `in namespaces that ${name} had before it started again`),
    ...(instance.altered ?? []),
  ];
}

/** Networks that it was detached from. */
function lostNetworks({ names = [], networks }: ObservedInstance): string[] {
  return names.map(({ name }) => name).filter((name) => !networks.includes(name));
}

/** Empty without a detailed inspection. */
function otherLimits({ limitsInForce }: ObservedInstance, limit: Service['limit']): string[] {
  if (!limitsInForce) return [];
  return (['cpus', 'memory'] as const).flatMap((amount) => {
    const [actual, desired] = [limitsInForce[amount] ?? 0, limit[amount] ?? 0];
    return Math.round(actual * nano) === Math.round(desired * nano)
      ? []
      : [`allowed ${amounts[amount](actual)} instead of ${amounts[amount](desired)}`];
  });
}

function otherPolicy({ policy, restart }: ObservedInstance): string[] {
  return policy === restart ? [] : [`set to the restart policy "${policy}" instead of "${restart}"`];
}
