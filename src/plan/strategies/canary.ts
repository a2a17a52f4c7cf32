import type { ServiceStrategy } from '../../model/stack';
import type { InstanceSpec } from '../../model/instance';
import type { Lane, Stage } from '../plan';
import { atOnce } from './rolling';
import { incoming, outgoing, stagesOf, start, type Replacement, type Strategy } from './strategy';

type Canary = Extract<ServiceStrategy, { kind: 'canary' }>;
type CanaryStep = Canary['steps'][number];

/**
 * Sends a growing share of the requests to as many new instances as the share needs. The old set stays complete until
 * the end, so that it can take all requests again at any moment, also while new instances change their names (which
 * detaches them from their networks).
 */
export const canary: Strategy<Canary> = (replacement, { steps: weights }) => {
  const { service, kept, traffic, names } = replacement;
  const old = outgoing(replacement);
  if (kept.length > 0 || old.length === 0 || incoming(replacement).length === 0) return atOnce(replacement);
  const next = incoming(replacement).map((spec) => names.withheld(spec));
  const sharing = (serving: InstanceSpec[], weight: number, label: string) =>
    traffic.to(
      [
        { instances: serving, weight: serving.length > 0 ? weight : 0 },
        { instances: old, weight: serving.length > 0 ? 100 - weight : 100 },
      ].filter((share) => share.weight > 0),
      label,
    );
  const stages: Stage[] = [];
  let serving: InstanceSpec[] = [];
  for (const step of weights) {
    const needed = next.slice(0, instancesFor(step.weight, next.length));
    stages.push(needed.slice(serving.length).map((spec) => start(spec, replacement)));
    serving = needed;
    stages.push(
      [sharing(serving, step.weight, `send ${step.weight} % of ${service} to the new set`)],
      [bake(step, replacement)],
      [approve(step, replacement)],
    );
  }
  const rest = next.slice(serving.length);
  const mustDetach = serving.some((spec) => names.give(spec).length > 0);
  stages.push(
    rest.map((spec) => start(spec, replacement)),
    rest.map((spec) => names.give(spec)),
    mustDetach
      ? [sharing(rest, weights.at(-1)!.weight, `route around the first new ${service} while they get their names`)]
      : [],
    serving.map((spec) => names.give(spec)),
    [sharing(next, 100, `send 100 % of ${service} to the new set`)],
    old.map((instance) => names.take(instance)),
  );
  return { stages: stagesOf(stages), tail: stagesOf([old.map((instance) => traffic.drain(instance))]), beside: true };
};

/** Number of instances of a whole set for a share of the requests in per cent, at least 1. */
export function instancesFor(weight: number, whole: number): number {
  return Math.max(1, Math.ceil((whole * weight) / 100));
}

/** Holds a share for a while, and analyses its metrics. */
export function bake(
  { weight, bakeMs }: CanaryStep,
  { service, judge, steps }: Pick<Replacement, 'service' | 'judge' | 'steps'>,
): Lane {
  if (bakeMs === 0) return [];
  return [
    steps.make(
      {
        kind: 'hold',
        at: String(weight),
        label: `bake ${service} at ${weight} % for ${bakeMs / 1000} s`,
        durationMs: bakeMs,
        ...(judge && { analysis: judge }),
      },
      service,
    ),
  ];
}

/** Waits for an approval before the share grows. */
export function approve(
  { weight, approval }: CanaryStep,
  { service, steps }: Pick<Replacement, 'service' | 'steps'>,
): Lane {
  return approval
    ? [
        steps.make(
          { kind: 'approve', at: String(weight), label: `approve ${service} beyond ${weight} %`, approval },
          service,
        ),
      ]
    : [];
}
