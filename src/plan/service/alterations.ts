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
 * Changes that somebody made to a running instance by hand; each completes the sentence "it is …". The limits of the
 * load balancer are the engine's own, and differ between versions.
 */
export function alterationsOf({ name, limit }: Service, instance: ObservedInstance): string[] {
  if (instance.kind === 'job' || instance.state !== 'running') return [];
  return [
    ...lostNetworks(instance).map((network) => `off the network ${network}`),
    ...(name === balancerName ? [] : otherLimits(instance, limit)),
    ...otherPolicy(instance),
    ...(instance.altered ?? []),
  ];
}

/** Networks that it was put on. */
function lostNetworks({ names = [], networks }: ObservedInstance): string[] {
  return names.map(({ name }) => name).filter((name) => !networks.includes(name));
}

/** Known after a close look only. */
function otherLimits({ limitsInForce }: ObservedInstance, limit: Service['limit']): string[] {
  if (!limitsInForce) return [];
  return (['cpus', 'memory'] as const).flatMap((amount) => {
    const [found, meant] = [limitsInForce[amount] ?? 0, limit[amount] ?? 0];
    return Math.round(found * nano) === Math.round(meant * nano)
      ? []
      : [`allowed ${amounts[amount](found)} instead of ${amounts[amount](meant)}`];
  });
}

function otherPolicy({ policy, restart }: ObservedInstance): string[] {
  return policy === restart ? [] : [`restarted by "${policy}" instead of "${restart}"`];
}
