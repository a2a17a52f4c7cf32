import { z } from 'zod';
import { build } from './build';
import { containerKeys } from './container-keys';
import { exposure } from './exposure';
import { healthCheck } from './health-check';
import { networkModes } from './modes';
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
  ownerId,
  pullInterval,
  scalar,
  size,
  tmpfs,
} from './values';

const amounts = z.strictObject({
  cpus: amount.optional().describe('CPU cores, such as 0.5.'),
  memory: size.optional(),
  gpus: count.optional(),
  storage: size.optional(),
});

const resources = amounts
  .extend({
    reserve: amounts.optional().describe('Resources that the host must have free for each instance.'),
    limit: amounts.optional().describe('Maximum resources of each instance.'),
  })
  .describe('Resources of each instance. Written flat, they are both reservation and limit.');

const port = z.union([
  z.number().int().min(1).max(65_535),
  z.string(),
  z.strictObject({
    target: integer.describe('Port inside the container.'),
    published: z
      .union([integer, z.string()])
      .optional()
      .describe('Host port, or a range `8000-8010` to allocate from.'),
    host_ip: z.string().optional(),
    protocol: choice('tcp', 'udp', 'sctp').optional(),
  }),
]);

const mount = z.union([
  z.string(),
  z.strictObject({
    type: choice('volume', 'bind', 'image').optional(),
    source: z.string(),
    target: z.string(),
    read_only: flag.optional(),
    bind: z
      .strictObject({
        create_host_path: flag.optional().describe('Create the folder on the host if it is missing.'),
        propagation: choice('private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave').optional(),
        selinux: z.enum(['z', 'Z']).optional(),
        recursive: choice('enabled', 'disabled', 'writable', 'readonly')
          .optional()
          .describe(
            'Mounts below the folder: `disabled` leaves them out; with `read_only`, `writable` leaves them writable, ' +
              'and `readonly` fails unless they are read-only too (Docker 25 and later). Default `enabled`.',
          ),
      })
      .optional(),
    volume: z
      .strictObject({
        nocopy: flag.optional().describe('A new volume gets no files of the image.'),
        per_replica: flag
          .optional()
          .describe('Each replica has a volume of its own: `NAME`, `NAME-2`, …. Docker only.'),
        subpath: z.string().optional().describe('Folder in the volume. Docker 26 and later.'),
      })
      .optional(),
    image: z
      .strictObject({ subpath: z.string().optional().describe('Folder in the image. Docker 28 and later.') })
      .optional()
      .describe('Of a mount with `type: image`, whose source is an image. Docker 28 and later.'),
  }),
]);

const attachment = z.strictObject({
  aliases: z.array(named('alias')).optional(),
  links: z
    .record(named('alias'), z.string())
    .optional()
    .describe('Names that only this service knows: `{db: postgres}` reaches the service `postgres` as `db`.'),
  ipv4_address: z.ipv4('write an IPv4 address such as 172.20.0.10').optional(),
  ipv6_address: z.ipv6('write an IPv6 address such as fd00::10').optional(),
  link_local_ips: names.optional(),
  mac_address: named('mac').optional(),
  driver_opts: z.record(z.string(), scalar).optional(),
});

const envFile = z.union([
  z.string(),
  z.strictObject({
    path: z.string(),
    required: flag.optional().describe('False: left out if the client does not find it; default true.'),
    format: choice('raw').optional().describe('`raw`: no quotes, comments and references. With `read_by: client`.'),
    read_by: choice('client', 'worker')
      .optional()
      .describe(
        'Who reads it; default `worker`. The client reads it as Compose does, and seals its variables; ' +
          'the file needs not be on the worker.',
      ),
  }),
]);

const fileUse = {
  mode: fileMode.optional(),
  uid: ownerId.optional().describe("User ID of the file's owner; default 0. Not on Kubernetes."),
  gid: ownerId.optional().describe('Group ID of the file; default 0. Not on Kubernetes.'),
};

const secretUse = z.union([
  z.string(),
  z.strictObject({
    source: z.string().describe('Name under the top-level `secrets`.'),
    target: z.string().optional().describe('File inside the instance; default `/run/secrets/<source>`.'),
    environment: z
      .string()
      .regex(
        /^[A-Za-z_][A-Za-z0-9_.-]*$/,
        'is not a valid variable name; use letters, digits and _, such as DB_PASSWORD',
      )
      .optional()
      .describe('Environment variable to set instead of a file. One trailing newline is removed.'),
    ...fileUse,
  }),
]);

const configUse = z.union([
  z.record(z.string(), z.string()).describe('`{name: /path/in/the/container}`.'),
  z.array(z.union([z.string(), z.strictObject({ source: z.string(), target: z.string().optional(), ...fileUse })])),
]);

const condition = choice('started', 'healthy', 'completed');
const dependency = z.union([
  condition,
  z.strictObject({
    condition: condition.optional().describe('Default `started`.'),
    restart: flag
      .optional()
      .describe('Replace this service too if a deployment replaces the dependency, or the watch restarts it.'),
  }),
]);

export const service = z
  .strictObject({
    kind: choice('service', 'job')
      .optional()
      .describe('`service` keeps running; `job` must finish with exit code 0. Default `service`.'),
    image: named('image')
      .optional()
      .describe('Image to run. Each release records its digest, so a moved tag is a change.'),
    build: build.optional(),
    pull_policy: z
      .union([
        choice('missing', 'always', 'never', 'build'),
        z.string().regex(pullInterval, 'use missing, always, never, build, daily, weekly, or every_12h'),
      ])
      .optional()
      .describe(
        'When to pull the image; default `missing`. `daily`, `weekly` or `every_12h`: once in that time. `build`: ' +
          'each deployment builds it.',
      ),
    entrypoint: command.optional(),
    command: command.optional().describe("Replaces the image's command; for processes, the program to run."),
    working_dir: z.string().optional(),
    user: z.union([named('user'), z.number().int().nonnegative()]).optional(),
    environment: assignments.optional().describe('Environment variables without secrets, stored with the release.'),
    env_file: z
      .union([z.string(), z.array(envFile)])
      .optional()
      .describe('Files of `KEY=value` lines on the worker, never stored with the release.'),
    ports: z
      .array(port)
      .optional()
      .describe(
        '`"80:8080"`, `"8000-8010:8080"` (allocated from the range) ' +
          'or `"8080"` (allocated from `infrastructure.port_range`).',
      ),
    volumes: z
      .array(mount)
      .optional()
      .describe('`"name:/path"` for a top-level volume, or `"/host/path:/path:ro"` for a bind mount.'),
    image_volumes: choice('keep', 'new')
      .optional()
      .describe(
        'Volumes that only the image declares. `keep`: the next instance gets them; `new`: each instance starts with ' +
          'empty ones. Default `keep` with `recreate`, otherwise `new`; in a Compose file `keep`. Docker only.',
      ),
    configs: configUse
      .optional()
      .describe('Files whose content is stored with the release. A change replaces the instances.'),
    secrets: z
      .array(secretUse)
      .optional()
      .describe('Secrets by name, as files under `/run/secrets` or as environment variables.'),
    networks: z
      .union([names, z.record(z.string(), z.union([z.null(), attachment]))])
      .optional()
      .describe('Names under the top-level `networks`; default the network `default`.'),
    network_mode: networkModes('host', 'none')
      .optional()
      .describe(
        '`host`: the network of the host; `none`: no network; `service:NAME`: the network of the instance of that ' +
          'service; `container:NAME`: the network of a container outside the stack; any other name: that network of ' +
          'the engine, which exists already and stays, and where the service has no name. Instead of `networks`. ' +
          'With `service:NAME` and `container:NAME`, ports and names are those of the other one.',
      ),
    depends_on: z
      .union([names, z.record(z.string(), dependency)])
      .optional()
      .describe(
        'Services and jobs to deploy first: a list, or a map to `started`, `healthy` or `completed`. In a ' +
          'list, a job must be completed, and a service with a health check must be healthy. With ' +
          '`{condition: healthy, restart: true}`, this service also restarts with the dependency.',
      ),
    health_check: healthCheck.optional(),
    replicas: count.optional().describe('Number of instances, at most 1000; default 1.'),
    resources: resources.optional(),
    restart: z
      .string()
      .regex(
        /^(no|always|unless-stopped|on-failure(:\d+)?)$/,
        'use no, always, unless-stopped, on-failure or on-failure:N',
      )
      .optional()
      .describe('Restart policy; default `unless-stopped`, for jobs `no`.'),
    stop_signal: named('signal').optional(),
    stop_grace_period: duration.optional().describe('Time between the stop signal and the kill; default 10s.'),
    labels: assignments.optional(),
    phase: z
      .preprocess(fromText, z.number().int().positive())
      .optional()
      .describe('Phase to deploy in; default the earliest phase after the dependencies.'),
    zone: named('zone')
      .optional()
      .describe(
        'Run on a host in this zone of `infrastructure.hosts`. The engine picks the host by the reserved ' +
          'resources.',
      ),
    host: z.string().optional().describe('Run on this host of `infrastructure.hosts`.'),
    expose: exposure.optional(),
    strategy: strategy.optional(),
    drain_timeout: duration
      .optional()
      .describe('Time for open requests to finish once an instance gets no new ones; default 30s.'),
    hooks: z
      .strictObject({
        post_start: command
          .optional()
          .describe('Command in each new instance once it is healthy; must exit 0. A string runs in `/bin/sh -c`.'),
        pre_stop: command
          .optional()
          .describe('Command in each instance before it stops. A string runs in `/bin/sh -c`.'),
      })
      .optional(),
    on_failure: choice('rollback', 'continue')
      .optional()
      .describe(
        '`continue`: if this service fails, restore only this service and report the failure. Default `rollback`.',
      ),
    may_complete: flag
      .optional()
      .describe(
        'The service may end: with exit code 0 it has completed, and runs again when it changes. Needs `restart: no` ' +
          'or `on-failure`. Default false; in a Compose file true for services with such a policy that nothing ' +
          'has to reach. Docker only.',
      ),
    logging: z
      .strictObject({ driver: named('driver').optional(), options: z.record(z.string(), scalar).optional() })
      .optional(),
    init: flag.optional(),
    shm_size: size.optional(),
    tmpfs: z
      .union([tmpfs, z.array(tmpfs)])
      .optional()
      .describe(
        "In-memory paths, empty at every start, with Docker's options: `/cache:size=64m,mode=0700`. On a " +
          'cluster, `size` is the only option.',
      ),
    cap_add: z.array(named('capability')).optional(),
    cap_drop: z.array(named('capability')).optional(),
    read_only: flag.optional(),
    extra_hosts: assignments.optional(),
    ...containerKeys,
    run: choice('always', 'on_change', 'manual')
      .optional()
      .describe(
        'Jobs: when a deployment runs the job. Default `on_change`: if it differs from its last successful run.',
      ),
    schedule: jobSchedule
      .optional()
      .describe(
        'Jobs: additional times to run, as a cron expression or a map of `cron`, `every`, `time_zone`, ' +
          '`jitter`, `overlap`, `catchup_window`.',
      ),
    timeout: duration.optional().describe('Jobs: time limit of a run. Without it, a job may run as long as it needs.'),
    on_rollback: z
      .union([choice('keep', 'refuse'), z.strictObject({ command })])
      .optional()
      .describe(
        'Jobs: how a rollback handles a run of this job. `keep` (default) reports that its effects stay, ' +
          '`refuse` waits for a person, and a command runs in the newer image.',
      ),
  })
  .describe('A service or job of the stack.');

export type ServiceInput = z.infer<typeof service>;
