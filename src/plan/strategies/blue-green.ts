import type { ServiceStrategy } from '../../model/stack';
import type { Lane } from '../plan';
import { atOnce } from './rolling';
import { incoming, outgoing, stagesOf, start, type Strategy } from './strategy';

type BlueGreen = Extract<ServiceStrategy, { kind: 'blue_green' }>;

/**
 * Starts a complete new set beside the old one, tests and approves it before it gets requests, then switches once.
 * Keeps the old set for a while.
 */
export const blueGreen: Strategy<BlueGreen> = (replacement, { smokeTest, approval, keepOldMs }) => {
  const { service, kept, traffic, names, steps, testOf } = replacement;
  const old = outgoing(replacement);
  if (kept.length > 0 || old.length === 0 || incoming(replacement).length === 0) return atOnce(replacement);
  const next = incoming(replacement).map((spec) => names.withheld(spec));
  const test: Lane = smokeTest
    ? [
        {
          ...steps.make({ kind: 'test', instance: testOf(next, smokeTest), timeoutMs: smokeTest.timeoutMs }, service),
          gate: traffic.gateOf(next),
        },
      ]
    : [];
  const approve: Lane = approval
    ? [steps.make({ kind: 'approve', at: 'switch', label: `approve the switch of ${service}`, approval }, service)]
    : [];
  const keep: Lane =
    keepOldMs > 0 && next.length > 0
      ? [
          steps.make(
            {
              kind: 'hold',
              at: 'keep-old',
              label: `keep the old ${service} for ${keepOldMs / 1000} s`,
              durationMs: keepOldMs,
            },
            service,
          ),
        ]
      : [];
  return {
    stages: stagesOf([
      next.map((spec) => start(spec, replacement)),
      [test],
      [approve],
      next.map((spec) => names.give(spec)),
      [traffic.to([{ instances: next, weight: 100 }], `switch ${service} to the new set`)],
      old.map((instance) => names.take(instance)),
    ]),
    tail: stagesOf([[keep], old.map((instance) => traffic.drain(instance))]),
    beside: true,
  };
};
