import { z } from 'zod';
import { command, count, duration, flag, interval } from './values';

const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/, 'is not the name of a header');
const headerValue = z
  .string()
  .regex(/^[\t -~\u0080-\u00ff]{0,8192}$/, 'holds what no header can hold, such as a line end');

export const healthCheck = z
  .strictObject({
    http: z
      .string()
      .regex(/^[!-~]{1,2048}$/, 'write an address such as ":8080/healthz", without spaces and control characters')
      .optional()
      .describe('`:8080/healthz`, or a whole URL whose host is ignored: any 2xx or 3xx answer is healthy.'),
    tcp: z.union([z.string(), z.number()]).optional().describe('`:5432`: healthy when the port accepts a connection.'),
    command: command.optional().describe('Run inside the instance; exit 0 is healthy. A string runs in `/bin/sh -c`.'),
    runtime: flag
      .optional()
      .describe(
        "`true`: what the runtime itself reports, such as the image's HEALTHCHECK. " +
          'Without `health_check` that is waited for before the commit.',
      ),
    disable: flag.optional().describe("`true`: no check at all, and the image's own HEALTHCHECK is turned off."),
    headers: z.record(headerName, headerValue).optional().describe('Request headers of an http check.'),
    interval: interval
      .optional()
      .describe(
        'The longest pause between probes; default ' +
          '`deployment.health_check_interval`. Probes start within milliseconds and back off to it.',
      ),
    timeout: duration.optional().describe('The longest that one probe may take; default 5s.'),
    retries: count
      .optional()
      .describe('Failures in a row, one interval apart, that make an instance unhealthy; default 3.'),
    start_period: duration.optional().describe('Failures in this time after the start do not count; default 0s.'),
  })
  .describe('When an instance counts as healthy. One of http, tcp, command, runtime and disable.');

export type HealthCheckInput = z.infer<typeof healthCheck>;
