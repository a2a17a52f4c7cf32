import { z } from 'zod';
import {
  anyNumber,
  assignments,
  bytes,
  duration,
  map,
  numberOrText,
  options,
  text,
  texts,
  wholeNumber,
  orNull,
} from './values';

const deviceRequest = {
  capabilities: texts,
  count: z.union([z.literal('all'), wholeNumber]).optional(),
  device_ids: texts.optional(),
  driver: text.optional(),
  options: assignments.optional(),
};

/** `gpus` of a service. */
export const gpus = z.union([z.literal('all'), z.array(map({ ...deviceRequest, capabilities: texts.optional() }))]);

const update = options({
  parallelism: wholeNumber,
  delay: duration,
  failure_action: text,
  monitor: duration,
  max_failure_ratio: anyNumber,
  order: z.enum(['start-first', 'stop-first']),
});

/** `deploy` of a service. */
export const deploy = orNull(
  options({
    mode: text,
    endpoint_mode: text,
    replicas: wholeNumber,
    labels: assignments,
    update_config: update,
    rollback_config: update,
    resources: options({
      limits: options({ cpus: anyNumber, memory: bytes, pids: wholeNumber }),
      reservations: options({
        cpus: anyNumber,
        memory: bytes,
        generic_resources: z.array(options({ discrete_resource_spec: options({ kind: text, value: numberOrText }) })),
        devices: z.array(map(deviceRequest)),
      }),
    }),
    restart_policy: options({
      condition: z.enum(['none', 'no', 'on-failure', 'any', 'always', 'unless-stopped']),
      delay: duration,
      max_attempts: wholeNumber,
      window: duration,
    }),
    placement: options({
      constraints: texts,
      preferences: z.array(options({ spread: text })),
      max_replicas_per_node: wholeNumber,
    }),
  }),
);
