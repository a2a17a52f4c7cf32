import { z } from 'zod';
import { choice, duration, oneOrMore } from './values';

const times = {
  cron: oneOrMore.optional().describe('Five fields (`0 3 * * *`) or a word (`@daily`); several: any of them.'),
  every: duration.optional().describe('Instead, or besides: so often, such as `6h`.'),
  time_zone: z.string().optional().describe('Of `cron`, such as `Europe/Berlin`; default `UTC`.'),
  jitter: duration.optional().describe('Each time is put off by up to so much, so that not everything begins at once.'),
  overlap: choice('skip', 'buffer_one', 'cancel_other')
    .optional()
    .describe(
      'Where its last request is not over: leave this one out (`skip`, default), let one wait, or cancel that one.',
    ),
  catchup_window: duration
    .optional()
    .describe('What a Temporal server that was away missed is made up for if it is not older than that; default 1h.'),
};

/** When a job runs besides deployments: a cron expression, or more. */
export const jobSchedule = z.union([z.string(), z.strictObject(times)]);

/** Something that is asked for again and again. */
export const schedule = z.strictObject({
  ...times,
  services: z
    .array(z.string())
    .optional()
    .describe(
      'Restarts these services with fresh images. Without it and `job` the ' +
        'whole stack is deployed again, with fresh images.',
    ),
  job: z.string().optional().describe('Runs this job.'),
});

export type ScheduleInput = z.infer<typeof schedule>;
