import { z } from 'zod';
import { choice, duration, oneOrMore } from './values';

const times = {
  cron: oneOrMore
    .optional()
    .describe('Five fields (`0 3 * * *`) or a word (`@daily`). A list combines the times of its entries.'),
  every: duration.optional().describe('Fixed interval such as `6h`, instead of `cron` or in addition to it.'),
  time_zone: z.string().optional().describe('Time zone of `cron`, such as `Europe/Berlin`; default `UTC`.'),
  jitter: duration.optional().describe('Maximum delay added to each run, so that runs do not all start at once.'),
  overlap: choice('skip', 'buffer_one', 'cancel_other')
    .optional()
    .describe(
      'If the previous request is still open: skip this one (`skip`, default), let one wait ' +
        '(`buffer_one`), or cancel the previous one (`cancel_other`).',
    ),
  catchup_window: duration
    .optional()
    .describe('Maximum age of runs that are made up for after an outage of the Temporal server; default 1h.'),
};

/** Times at which a job runs in addition to deployments: a cron expression, or a map. */
export const jobSchedule = z.union([z.string(), z.strictObject(times)]);

/** A recurring deployment, restart or job. */
export const schedule = z.strictObject({
  ...times,
  services: z
    .array(z.string())
    .optional()
    .describe(
      'Restart these services with fresh images. Without `services` and `job`, the whole stack is ' +
        'redeployed with fresh images.',
    ),
  job: z.string().optional().describe('Run this job.'),
});

export type ScheduleInput = z.infer<typeof schedule>;
