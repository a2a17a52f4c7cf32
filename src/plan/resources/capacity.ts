import type { Stack } from '../../model/stack';
import type { ResourceAmounts } from '../../model/instance';
import type { Observation } from '../../model/observation';
import type { Refusal } from '../plan';

const amounts = ['cpus', 'memory', 'gpus', 'storage'] as const;
type Amount = (typeof amounts)[number];

const unit: Record<Amount, (value: number) => string> = {
  cpus: (value) => `${Number(value.toFixed(2))} CPUs`,
  memory: (value) => `${gib(value)} of memory`,
  gpus: (value) => `${value} GPUs`,
  storage: (value) => `${gib(value)} of storage`,
};

/**
 * Refuses reservations that exceed the host, including extra instances during a rollout, and warns about limits that
 * do.
 */
export function checkCapacity(
  stack: Stack,
  { capacity }: Observation,
  beside: Record<string, number> = {},
): { refusals: Refusal[]; warnings: string[] } {
  const refusals: Refusal[] = [];
  const warnings: string[] = [];
  for (const amount of amounts) {
    const total = capacity.total[amount];
    const others = capacity.reservedByOthers[amount] ?? 0;
    const extra = Object.entries(beside).filter(([name]) => need(stack.services[name]!.reserve, amount) > 0);
    const reserved =
      sum(stack, 'reserve', amount) +
      extra.reduce((total, [name, count]) => total + need(stack.services[name]!.reserve, amount) * count, 0);
    if (reserved > 0 && reserved + others > total) {
      const twice =
        extra.length > 0
          ? `, with ${extra.map(([name, count]) => `${count} more of ${name}`).join(' and ')} ` +
            'while old and new instances run in parallel'
          : '';
      const taken = others > 0 ? `, of which other stacks hold ${unit[amount](others)}` : '';
      refusals.push({
        path: 'services',
        message:
          `the stack reserves ${unit[amount](reserved)} (${largest(stack, amount)})${twice}; host ` +
          `${capacity.host} has ${unit[amount](total)}${taken}. Reserve less, or use a larger host`,
      });
    }
    const limited = sum(stack, 'limit', amount);
    if (limited > total && reserved + others <= total)
      warnings.push(
        `limits add up to ${unit[amount](limited)}, more than the ` +
          `${unit[amount](total)} of host ${capacity.host}: instances may compete`,
      );
  }
  return { refusals, warnings };
}

function sum(stack: Stack, kind: 'reserve' | 'limit', amount: Amount): number {
  return Object.values(stack.services).reduce(
    (total, service) => total + need(service[kind], amount) * service.replicas,
    0,
  );
}

function need(resources: ResourceAmounts, amount: Amount): number {
  return resources[amount] ?? 0;
}

function largest(stack: Stack, amount: Amount): string {
  return Object.values(stack.services)
    .map((service) => ({ name: service.name, value: need(service.reserve, amount) * service.replicas }))
    .filter(({ value }) => value > 0)
    .sort((a, b) => b.value - a.value)
    .slice(0, 3)
    .map(
      ({ name, value }) =>
        `${name} ${unit[amount](value)
          .split(' ')
          .slice(0, amount === 'memory' || amount === 'storage' ? 2 : 1)
          .join(' ')}`,
    )
    .join(', ');
}

function gib(bytes: number): string {
  return `${Number((bytes / 1024 ** 3).toFixed(2))} GiB`;
}
