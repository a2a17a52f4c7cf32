import { z } from 'zod';
import { exposure } from './exposure';
import { healthCheck } from './health-check';
import { named } from './named';
import { jobSchedule } from './schedule';
import { strategy } from './strategy';
import {
  amount,
  assignments,
  choice,
  command,
  count,
  duration,
  fileMode,
  flag,
  fromText,
  integer,
  names,
  oneOrMore,
  ownerId,
  scalar,
  size,
  tmpfs,
} from './values';

const amounts = z.strictObject({
  cpus: amount.optional().describe('Cores, such as 0.5.'),
  memory: size.optional(),
  gpus: count.optional(),
  storage: size.optional(),
});

const resources = amounts
  .extend({
    reserve: amounts.optional().describe('What the host must have free for each instance.'),
    limit: amounts.optional().describe('What each instance may use at most.'),
  })
  .describe('Written flat it is both reservation and limit.');

const port = z.union([
  z.number().int().min(1).max(65_535),
  z.string(),
  z.strictObject({
    target: integer.describe('The port inside the container.'),
    published: z
      .union([integer, z.string()])
      .optional()
      .describe('The host port, or a range `8000-8010` to allocate from.'),
    host_ip: z.string().optional(),
    protocol: choice('tcp', 'udp').optional(),
  }),
]);

const mount = z.union([
  z.string(),
  z.strictObject({
    type: choice('volume', 'bind').optional(),
    source: z.string(),
    target: z.string(),
    read_only: flag.optional(),
  }),
]);

const fileUse = {
  mode: fileMode.optional(),
  uid: ownerId.optional().describe('Number of the user that the file belongs to; default 0. Not on Kubernetes.'),
  gid: ownerId.optional().describe('Number of its group; default 0. Not on Kubernetes.'),
};

const secretUse = z.union([
  z.string(),
  z.strictObject({
    source: z.string().describe('Name under the top-level `secrets`.'),
    target: z.string().optional().describe('File inside the instance; default `/run/secrets/<source>`.'),
    environment: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_.-]*$/, 'is no name of a variable; write letters, digits and _, such as DB_PASSWORD')
      .optional()
      .describe('Give it as this environment variable instead of a file, without one line end at its end.'),
    ...fileUse,
  }),
]);

const configUse = z.union([
  z.record(z.string(), z.string()).describe('`{name: /path/in/the/container}`.'),
  z.array(z.union([z.string(), z.strictObject({ source: z.string(), target: z.string().optional(), ...fileUse })])),
]);

const condition = choice('started', 'healthy', 'completed');

export const service = z
  .strictObject({
    kind: choice('service', 'job')
      .optional()
      .describe('`service` keeps running; `job` must finish with exit code 0. Default `service`.'),
    image: named('image')
      .optional()
      .describe('The image to run. Its content address is recorded: a moved tag is a change.'),
    pull_policy: choice('missing', 'always', 'never').optional().describe('Default `missing`.'),
    entrypoint: command.optional(),
    command: command.optional().describe("Replaces the image's command; for processes, the program to run."),
    working_dir: z.string().optional(),
    user: z.union([named('user'), z.number().int().nonnegative()]).optional(),
    environment: assignments.optional().describe('Variables that are not secret. They travel with the release.'),
    env_file: oneOrMore.optional().describe('Files of `KEY=value` lines that the worker reads; they never travel.'),
    ports: z
      .array(port)
      .optional()
      .describe(
        '`"80:8080"`, `"8000-8010:8080"` (allocated from the range), ' +
          '`"8080"` (allocated from `infrastructure.port_range`).',
      ),
    volumes: z
      .array(mount)
      .optional()
      .describe('`"name:/path"` for a top-level volume, `"/host/path:/path:ro"` for a bind mount.'),
    configs: configUse
      .optional()
      .describe('Files whose content travels with the release; a change replaces the instances.'),
    secrets: z
      .array(secretUse)
      .optional()
      .describe('Secrets by name, as files under /run/secrets or as environment variables.'),
    networks: z
      .union([
        names,
        z.record(z.string(), z.union([z.null(), z.strictObject({ aliases: z.array(named('alias')).optional() })])),
      ])
      .optional()
      .describe('Names under the top-level `networks`; default the network `default`.'),
    depends_on: z
      .union([names, z.record(z.string(), condition)])
      .optional()
      .describe(
        'A list, or a map to `started`, `healthy` or `completed`. A listed service must ' +
          'be healthy where it has a check, completed where it is a job.',
      ),
    health_check: healthCheck.optional(),
    replicas: count.optional().describe('Instances of the service, at most 1000; default 1.'),
    resources: resources.optional(),
    restart: z
      .string()
      .regex(
        /^(no|always|unless-stopped|on-failure(:\d+)?)$/,
        'use no, always, unless-stopped, on-failure or on-failure:N',
      )
      .optional()
      .describe('Default `unless-stopped`; for jobs `no`.'),
    stop_signal: named('signal').optional(),
    stop_grace_period: duration.optional().describe('Between the stop signal and the kill; default 10s.'),
    labels: assignments.optional(),
    phase: z
      .preprocess(fromText, z.number().int().positive())
      .optional()
      .describe('Deploy in this phase. Without it the earliest phase after the dependencies.'),
    zone: named('zone')
      .optional()
      .describe(
        'Runs on a host of this zone of `infrastructure.hosts`; which one, the engine chooses by what is reserved.',
      ),
    host: z.string().optional().describe('Runs on this host of `infrastructure.hosts`.'),
    expose: exposure.optional(),
    strategy: strategy.optional(),
    drain_timeout: duration
      .optional()
      .describe('How long open requests may take to finish once an instance gets no new ones; default 30s.'),
    hooks: z
      .strictObject({
        post_start: command
          .optional()
          .describe('Runs in each new instance once it is healthy; must exit 0. A string runs in `/bin/sh -c`.'),
        pre_stop: command
          .optional()
          .describe('Runs in each instance before it is stopped. A string runs in `/bin/sh -c`.'),
      })
      .optional(),
    on_failure: choice('rollback', 'continue')
      .optional()
      .describe('`continue`: a failure of this service is reported, and rolls nothing back.'),
    logging: z
      .strictObject({ driver: named('driver').optional(), options: z.record(z.string(), scalar).optional() })
      .optional(),
    init: flag.optional(),
    shm_size: size.optional(),
    tmpfs: z
      .union([tmpfs, z.array(tmpfs)])
      .optional()
      .describe(
        'Paths in memory, empty at every start, with the options that Docker knows: ' +
          '`/cache:size=64m,mode=0700`. On a cluster `size` is the only one.',
      ),
    cap_add: z.array(named('capability')).optional(),
    cap_drop: z.array(named('capability')).optional(),
    read_only: flag.optional(),
    extra_hosts: assignments.optional(),
    run: choice('always', 'on_change', 'manual')
      .optional()
      .describe('Jobs: when to run. Default `on_change`: when it differs from its last successful run.'),
    schedule: jobSchedule
      .optional()
      .describe(
        'Jobs: when to run besides, as a cron expression or a map of `cron`, ' +
          '`every`, `time_zone`, `jitter`, `overlap`, `catchup_window`.',
      ),
    timeout: duration.optional().describe('Jobs: their own clock. Without it a job may run as long as it needs.'),
    on_rollback: z
      .union([choice('keep', 'refuse'), z.strictObject({ command })])
      .optional()
      .describe(
        'Jobs: what a rollback does about a run. `keep` says loudly that it stays, `refuse` ' +
          'waits for a person, a command runs in the newer image. Default `keep`.',
      ),
  })
  .describe('One service or job of the stack.');

export type ServiceInput = z.infer<typeof service>;
