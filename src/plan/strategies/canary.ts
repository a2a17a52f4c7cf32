import type { ServiceStrategy } from '../../config/stack';
import type { Lane, Stage } from '../plan';
import { inBatches } from './rolling';
import { incoming, outgoing, stagesOf, start, type Replacement, type Strategy } from './strategy';

type Canary = Extract<ServiceStrategy, { kind: 'canary' }>;
type CanaryStep = Canary['steps'][number];

/** A growing share of the requests goes to new instances, as many as the share needs. The old set stays whole until the end. */
export const canary: Strategy<Canary> = (replacement, { steps: weights }) => {
  const { service, replicas, kept, traffic, names } = replacement;
  const old = outgoing(replacement);
  if (kept.length > 0 || old.length === 0) return { ...inBatches(replacement, { maxSurge: replicas, maxUnavailable: 0, minHealthyMs: 0 }), beside: old.length > 0 };
  const next = incoming(replacement).map((spec) => names.withheld(spec, true));
  const needed = (weight: number) => Math.min(next.length, Math.max(1, Math.ceil((next.length * weight) / 100)));
  const stages: Stage[] = [];
  let started = 0;
  for (const step of [...weights, { weight: 100, bakeMs: 0 }]) {
    const count = needed(step.weight);
    stages.push(next.slice(started, count).map((spec) => start(spec, replacement)));
    started = Math.max(started, count);
    const shares = [{ instances: next.slice(0, started), weight: step.weight }, { instances: old, weight: 100 - step.weight }];
    stages.push([traffic.to(shares.filter(({ weight }) => weight > 0), `send ${step.weight} % of ${service} to the new set`)], [bake(step, replacement)], [approve(step, replacement)]);
  }
  stages.push([...next.map((spec) => names.give(spec)), ...old.map((instance) => names.take(instance))]);
  return { stages: stagesOf(stages), tail: stagesOf([old.map((instance) => traffic.drain(instance))]), beside: true };
};

function bake({ weight, bakeMs }: CanaryStep, { service, judge, steps }: Replacement): Lane {
  if (bakeMs === 0) return [];
  return [steps.make({ kind: 'hold', title: `bake ${service} at ${weight} % for ${bakeMs / 1000} s`, durationMs: bakeMs, ...(judge && { analysis: judge }) }, service)];
}

function approve({ weight, approval }: CanaryStep, { service, steps }: Replacement): Lane {
  return approval ? [steps.make({ kind: 'approve', title: `approve ${service} beyond ${weight} %`, approval }, service)] : [];
}
