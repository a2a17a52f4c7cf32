import { z } from 'zod';
import { named } from './named';
import { choice, command, count, duration, flag, integer, interval, number } from './values';

const amount = z
  .union([count, z.string().regex(/^\d{1,3}%$/, 'write a number, or a share such as 25%')])
  .describe('Number of instances, or a share of the replicas such as `25%`.');

const approval = z
  .union([
    flag,
    z.strictObject({
      timeout: duration.optional().describe('How long to wait for the approval; default 1h.'),
      default: choice('approve', 'reject').optional().describe('Decision if nobody answers in time; default `reject`.'),
    }),
  ])
  .describe('Wait for `deploy-code approve` before continuing.');

const rolling = z.strictObject({
  max_surge: amount.optional().describe('Extra instances while old and new ones run side by side; default 1.'),
  max_unavailable: amount.optional().describe('Instances that may be missing during the rollout; default 0.'),
  min_healthy_time: duration
    .optional()
    .describe('How long new instances must be healthy before they count; default 0s.'),
});

const smokeTest = z.strictObject({
  command: command.describe(
    'Test command; must exit 0. `$TARGET` is the `host:port` of the first new instance, `$TARGETS` ' +
      'lists all of them, separated by spaces.',
  ),
  image: named('image').optional().describe('Image of the test; default the image of the service.'),
  timeout: duration.optional().describe('Time limit of the test; default 5m.'),
});

const blueGreen = z.strictObject({
  smoke_test: smokeTest.optional().describe('Job that tests the new set before it gets any request.'),
  approval: approval.optional(),
  keep_old: duration
    .optional()
    .describe(
      'How long the old set keeps running after the switch, for an instant switch back; default 1m. ' +
        '`deploy-code promote` ends it early.',
    ),
});

const check = z.strictObject({
  name: z.string().optional().describe('Display name.'),
  query: z
    .string()
    .describe(
      'PromQL query that returns one number for the new instances. `{{next}}` and `{{stable}}` are the ' +
        'DNS names of the new and the old set; `{{next_instances}}` and `{{stable_instances}}` are ' +
        'regular expressions for the names of their instances.',
    ),
  baseline: z.string().optional().describe('PromQL query for the old set, to compare with.'),
  min: number.optional(),
  max: number.optional(),
  max_ratio: number.optional().describe('Maximum of the result divided by the `baseline` result.'),
  max_difference: number.optional().describe('Maximum of the result minus the `baseline` result.'),
});

const analysis = z.strictObject({
  interval: interval.optional().describe('Time between two evaluations; default 10s.'),
  checks: z.array(check).min(1),
  samples: z
    .strictObject({ query: z.string(), min: number })
    .optional()
    .describe('Data required before a step may end: the result of `query` must reach `min`.'),
  without_answer: choice('fail', 'pass', 'ask')
    .optional()
    .describe(
      'Verdict if Prometheus does not answer, returns no number, or has too few samples at the end of a ' +
        'bake; default `fail`.',
    ),
});

const canary = z.strictObject({
  steps: z
    .array(
      z.strictObject({
        weight: integer.describe('Percentage of requests sent to the new set, 1 to 99.'),
        bake: duration.optional().describe('Duration of the step; default 0s.'),
        approval: approval.optional(),
      }),
    )
    .min(1)
    .describe('Steps with ascending weights; 100 follows automatically.'),
  analysis: analysis
    .optional()
    .describe('Checks evaluated throughout every bake. The first failure sends all requests back to the old set.'),
});

/** One strategy by name, with its defaults, or with its options. */
export const strategy = z
  .union([
    choice('recreate', 'rolling', 'blue_green'),
    z.strictObject({ rolling: rolling.optional(), blue_green: blueGreen.optional(), canary: canary.optional() }),
  ])
  .describe(
    'How to replace instances. `recreate`: stop the old one, then start the new one, replica by ' +
      'replica. `rolling`: start new ones beside old ones, in batches. `blue_green`: start a whole new ' +
      'set, then switch once. `{canary: …}`: send a growing share of requests to the new set. Default ' +
      '`rolling` for exposed services that may run twice, otherwise `recreate`.',
  );

export type StrategyInput = z.infer<typeof strategy>;
export type ApprovalInput = z.infer<typeof approval>;
