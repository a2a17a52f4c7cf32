import type { Service, ServiceStrategy, Stack } from '../../model/stack';
import type { Workload } from '../../model/instance';
import { strategyOf } from '../strategies/strategy-of';

/** Cluster-specific settings of a service or a job, in addition to its spec. */
export function toWorkload(service: Service, stack: Stack, restartedBy?: number): Workload {
  const strategy = strategyOf(service);
  const awaited = awaitedFrom(service, stack);
  return {
    ...(!service.autoscaled && { replicas: service.replicas }),
    rollout: rolloutOf(strategy),
    ...(restartedBy !== undefined && { restartedBy }),
    pullPolicy: service.pullPolicy,
    ...(service.zone !== undefined && { zone: service.zone }),
    ...(awaited && { awaited }),
    ingress: service.ingress ?? [],
    settings: { ...stack.infrastructure.cluster!, isolated: Object.keys(stack.networks).length > 0 },
  };
}

function awaitedFrom({ name }: Service, { services, awaitedElsewhere = [] }: Stack): Workload['awaited'] {
  if (awaitedElsewhere.includes(name)) return 'outside';
  return Object.values(services).some(({ dependsOn }) => name in dependsOn) ? 'inside' : undefined;
}

/** After a canary or a blue-green switch, pods are replaced one by one. */
function rolloutOf(strategy: ServiceStrategy): Workload['rollout'] {
  if (strategy.kind === 'recreate') return 'recreate';
  return strategy.kind === 'rolling'
    ? { maxSurge: strategy.maxSurge, maxUnavailable: strategy.maxUnavailable, minHealthyMs: strategy.minHealthyMs }
    : { maxSurge: 1, maxUnavailable: 0, minHealthyMs: 0 };
}
