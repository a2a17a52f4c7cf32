import type { Analysis, Service, Stack } from '../../model/stack';
import type { InstanceSpec } from '../../model/instance';
import type { Judgement } from '../plan';
import { strategyOf } from '../strategies/strategy-of';
import type { Slot } from '../strategies/strategy';
import { nextName } from './service-names';

/** A canary's analysis, with the names of its old and new instances in the queries. */
export function judgementOf(service: Service, slots: Slot[], stack: Stack): Judgement | undefined {
  return judgementBy(service, stack, {
    next: nextName(service.name),
    stable: service.name,
    next_instances: oneOf(slots.flatMap(({ next }) => next ?? [])),
    stable_instances: oneOf(slots.flatMap(({ old }) => old)),
  });
}

/** The same on a cluster, where the names of pods begin with that of their workload. */
export function judgementOfPods(service: Service, stack: Stack): Judgement | undefined {
  const pods = (workload: string) => `${workload}-[a-z0-9]+-[a-z0-9]+`;
  const canary = `${service.name}-canary`;
  return judgementBy(service, stack, {
    next: canary,
    stable: service.name,
    next_instances: pods(canary),
    stable_instances: pods(service.name),
  });
}

function judgementBy(service: Service, stack: Stack, placeholders: Record<string, string>): Judgement | undefined {
  const strategy = strategyOf(service);
  if (strategy.kind !== 'canary' || !strategy.analysis || !stack.prometheus) return undefined;
  const fill = (query: string) =>
    query.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) => placeholders[name] ?? whole);
  const host = /^[a-z]+:\/\/([^:/]+)/.exec(stack.prometheus)?.[1];
  return {
    endpoint: stack.prometheus,
    ...(host && stack.services[host] && { prometheus: host }),
    analysis: filled(strategy.analysis, fill),
  };
}

function filled({ checks, samples, ...rest }: Analysis, fill: (query: string) => string): Analysis {
  return {
    ...rest,
    checks: checks.map(({ query, baseline, ...check }) => ({
      ...check,
      query: fill(query),
      ...(baseline !== undefined && { baseline: fill(baseline) }),
    })),
    ...(samples && { samples: { ...samples, query: fill(samples.query) } }),
  };
}

/** A regular expression for any of the names, which contain no special characters. */
function oneOf(instances: readonly Pick<InstanceSpec, 'name'>[]): string {
  return instances.map(({ name }) => name).join('|');
}
