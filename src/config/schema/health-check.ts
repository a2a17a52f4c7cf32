import { z } from 'zod';
import { command, count, duration, flag, interval } from './values';

const headerName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/, 'is not a valid header name');
const headerValue = z
  .string()
  .regex(/^[\t -~\u0080-\u00ff]{0,8192}$/, 'contains a character that headers cannot have, such as a line break');

export const healthCheck = z
  .strictObject({
    http: z
      .string()
      .regex(/^[!-~]{1,2048}$/, 'write an address such as ":8080/healthz", without spaces and control characters')
      .optional()
      .describe('`:8080/healthz`, or a whole URL whose host is ignored. Any 2xx or 3xx response is healthy.'),
    tcp: z.union([z.string(), z.number()]).optional().describe('`:5432`: healthy if the port accepts a connection.'),
    command: command
      .optional()
      .describe('Command inside the instance; exit code 0 is healthy. A string runs in `/bin/sh -c`.'),
    runtime: flag
      .optional()
      .describe(
        "`true`: use the health that the runtime reports, such as the image's HEALTHCHECK. Without " +
          '`health_check`, a deployment waits for it before the commit.',
      ),
    disable: flag.optional().describe("`true`: no health check; also turns off the image's HEALTHCHECK."),
    headers: z.record(headerName, headerValue).optional().describe('Request headers of an HTTP check.'),
    interval: interval
      .optional()
      .describe(
        'Longest pause between probes; default `deployment.health_check_interval`. Probes start within ' +
          'milliseconds and back off to this interval.',
      ),
    timeout: duration.optional().describe('Timeout of one probe; default 5s.'),
    retries: count
      .optional()
      .describe('Consecutive failures, one interval apart, that make an instance unhealthy; default 3.'),
    start_period: duration.optional().describe('Time after the start during which failures do not count; default 0s.'),
  })
  .describe('Health check of each instance. Set one of http, tcp, command, runtime and disable.');

export type HealthCheckInput = z.infer<typeof healthCheck>;
