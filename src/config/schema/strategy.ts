import { z } from 'zod';
import { named } from './named';
import { choice, command, count, duration, flag, integer, interval, number } from './values';

const amount = z
  .union([count, z.string().regex(/^\d{1,3}%$/, 'write a number, or a share such as 25%')])
  .describe('Instances, or a share of the replicas such as `25%`.');

const approval = z
  .union([
    flag,
    z.strictObject({
      timeout: duration.optional().describe('How long to wait for a person; default 1h.'),
      default: choice('approve', 'reject')
        .optional()
        .describe('What counts when nobody has answered by then; default `reject`.'),
    }),
  ])
  .describe('Wait for `deploy-code approve` before going on.');

const rolling = z.strictObject({
  max_surge: amount
    .optional()
    .describe('Instances beyond the replicas while old and new ones run side by side; default 1.'),
  max_unavailable: amount.optional().describe('Instances that may be missing meanwhile; default 0.'),
  min_healthy_time: duration
    .optional()
    .describe('How long new instances must have been healthy before they count; default 0s.'),
});

const smokeTest = z.strictObject({
  command: command.describe(
    'Must exit 0. `$TARGET` is `host:port` of the first new instance, `$TARGETS` those of all, with spaces between.',
  ),
  image: named('image').optional().describe("Default: the service's own."),
  timeout: duration.optional().describe('Default 5m.'),
});

const blueGreen = z.strictObject({
  smoke_test: smokeTest.optional().describe('A job against the new set before it gets any request.'),
  approval: approval.optional(),
  keep_old: duration
    .optional()
    .describe(
      'How long the old set keeps running after the switch, to switch back to in ' +
        'an instant; default 1m. `deploy-code promote` ends it.',
    ),
});

const check = z.strictObject({
  name: z.string().optional().describe('What people call it.'),
  query: z
    .string()
    .describe(
      'PromQL that gives one number for the new instances. `{{next}}` and `{{stable}}` stand for the DNS names ' +
        'of the new and the old set, `{{next_instances}}` and ' +
        "`{{stable_instances}}` for regular expressions of their instances' names.",
    ),
  baseline: z.string().optional().describe('PromQL for the old set, to compare with.'),
  min: number.optional(),
  max: number.optional(),
  max_ratio: number.optional().describe('The answer divided by that of `baseline` must not exceed this.'),
  max_difference: number.optional().describe('The answer less that of `baseline` must not exceed this.'),
});

const analysis = z.strictObject({
  interval: interval.optional().describe('Between two looks; default 10s.'),
  checks: z.array(check).min(1),
  samples: z
    .strictObject({ query: z.string(), min: number })
    .optional()
    .describe('What has to be measured before a step may end: the query must reach `min`.'),
  without_answer: choice('fail', 'pass', 'ask')
    .optional()
    .describe(
      'When Prometheus does not answer, has no number, or too few samples at the end of a bake; default `fail`.',
    ),
});

const canary = z.strictObject({
  steps: z
    .array(
      z.strictObject({
        weight: integer.describe('Per cent of the requests that the new set gets, 1 to 99.'),
        bake: duration.optional().describe('How long the step lasts; default 0s.'),
        approval: approval.optional(),
      }),
    )
    .min(1)
    .describe('Ascending weights; 100 follows by itself.'),
  analysis: analysis
    .optional()
    .describe('Looked at all through every bake. The first failure sends all requests back to the old set.'),
});

/** One strategy by name, with its defaults, or with its options. */
export const strategy = z
  .union([
    choice('recreate', 'rolling', 'blue_green'),
    z.strictObject({ rolling: rolling.optional(), blue_green: blueGreen.optional(), canary: canary.optional() }),
  ])
  .describe(
    'How instances are replaced. `recreate`: stop the old, start the new, replicas one after the other. ' +
      '`rolling`: new ones beside old ones, in batches. `blue_green`: a whole new set, then one switch. ' +
      '`{canary: …}`: a growing share of the requests. Default `rolling` for ' +
      'what is exposed and may run twice, else `recreate`.',
  );

export type StrategyInput = z.infer<typeof strategy>;
export type ApprovalInput = z.infer<typeof approval>;
