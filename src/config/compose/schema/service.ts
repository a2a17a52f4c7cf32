import { z } from 'zod';
import { build } from './build';
import { deploy, gpus } from './deploy';
import { fileUses } from './files';
import { containers } from './service-containers';
import { networksOfService, ports, volumesOfService } from './service-networks';
import {
  anyNumber,
  assignments,
  boolean,
  command,
  distinctTexts,
  duration,
  extraHosts,
  map,
  named,
  options,
  text,
  texts,
  textOrTexts,
  wholeNumber,
  orNull,
} from './values';

const hook = {
  command: z.union([text, texts]),
  user: text.optional(),
  privileged: boolean.optional(),
  working_dir: text.optional(),
  environment: assignments.optional(),
};

const dependency = map({
  condition: z.enum(['service_started', 'service_healthy', 'service_completed_successfully']),
  restart: boolean.optional(),
  required: boolean.optional(),
});

const watched = map({
  path: text.min(1, 'is empty; write a path'),
  action: z.enum(['rebuild', 'sync', 'restart', 'sync+restart', 'sync+exec']),
  target: text.optional(),
  ignore: textOrTexts.optional(),
  include: textOrTexts.optional(),
  exec: map(hook).optional(),
  initial_sync: boolean.optional(),
});

const envFile = z.union([text, map({ path: text, format: z.literal('raw').optional(), required: boolean.optional() })]);

const exposed = /^\d{1,5}(?:-\d{1,5})?(?:\/[a-z]+)?$/i;

/** A service of a Compose file. */
export const service = options({
  ...containers,
  build,
  deploy,
  gpus,
  develop: orNull(options({ watch: z.array(watched) })),
  attach: boolean,
  image: text,
  command,
  entrypoint: command,
  working_dir: text,
  user: text,
  environment: assignments,
  env_file: z.union([text, z.array(envFile)]),
  label_file: textOrTexts,
  labels: assignments,
  annotations: assignments,
  configs: fileUses,
  secrets: fileUses,
  container_name: text.regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/, 'use letters, digits, _, . and -'),
  credential_spec: options({ config: text, file: text, registry: text }),
  depends_on: z.union([distinctTexts, named(dependency)]),
  expose: z.array(z.union([z.number(), text.regex(exposed, 'write a port such as 8080, 8000-8010 or 53/udp')])),
  extends: z.union([text, map({ service: text, file: text.optional() })]),
  external_links: distinctTexts,
  extra_hosts: extraHosts,
  healthcheck: options({
    disable: boolean,
    test: textOrTexts,
    interval: duration,
    timeout: duration,
    retries: anyNumber,
    start_period: duration,
    start_interval: duration,
  }),
  links: texts,
  logging: options({ driver: text, options: z.record(text, z.union([text, z.number(), z.null()])) }),
  models: z.union([distinctTexts, named(orNull(options({ endpoint_var: text, model_var: text })))]),
  network_mode: text,
  networks: networksOfService,
  ports,
  volumes: volumesOfService,
  volumes_from: distinctTexts,
  pre_start: z.array(
    map({ ...hook, command: hook.command.optional(), image: text.optional(), per_replica: boolean.optional() }),
  ),
  post_start: z.array(map(hook)),
  pre_stop: z.array(map(hook)),
  profiles: texts,
  provider: map({
    type: text,
    options: z
      .record(text, z.union([text, z.number(), z.boolean(), z.array(z.union([text, z.number(), z.boolean()]))]))
      .optional(),
  }),
  pull_policy: text.regex(
    /^(always|never|build|if_not_present|missing|refresh|daily|weekly|every_([0-9]+[wdhms])+)$/,
    'use always, never, missing, build, daily, weekly or every_<duration>, such as every_12h',
  ),
  pull_refresh_after: text,
  restart: text,
  scale: wholeNumber,
  stop_grace_period: duration,
  stop_signal: text,
});
