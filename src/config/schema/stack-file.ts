import { isIP } from 'node:net';
import { isValidCIDR } from 'ipaddr.js';
import { z } from 'zod';
import { roles } from '../../model/access';
import { grammarOf } from '../../model/names';
import { loadBalancer } from './exposure';
import { cluster } from './cluster';
import { host, hostName } from './host';
import { named } from './named';
import { schedule } from './schedule';
import { service } from './service';
import { secret } from './outside/secret';
import { subscriber } from './outside/subscriber';
import { trigger } from './outside/trigger';
import { assignments, choice, count, duration, flag, fromText, hasUserinfo, interval, scalar, size } from './values';

const name = z
  .string()
  .regex(grammarOf('stack').pattern, grammarOf('stack').hint)
  .refine((text) => !(text in {}), 'is a reserved word of JavaScript; choose another name');

/** Names of what the file declares; more than names of stacks, since Compose allows more. */
const key = z
  .string()
  .regex(grammarOf('service').pattern, grammarOf('service').hint)
  .refine((text) => !(text in {}), 'is a reserved word of JavaScript; choose another name');

const infrastructure = z
  .strictObject({
    container_runtime: choice('Docker', 'Process', 'Memory')
      .optional()
      .describe('Runtime of the instances; default `Docker`.'),
    orchestrator: choice('DockerCompose', 'Process', 'Kubernetes')
      .optional()
      .describe('`DockerCompose`: this engine on Docker. `Kubernetes`: the cluster that the worker is connected to.'),
    network: z
      .strictObject({
        mode: choice('Bridge', 'Host')
          .optional()
          .describe('`Bridge` (default): separate networks. `Host`: all services share the network of the host.'),
        cidr: z.string().optional().describe('Address range for networks without their own CIDR.'),
      })
      .optional(),
    port_range: z
      .string()
      .regex(/^\d+-\d+$/, 'write a range such as 20000-29999')
      .optional()
      .describe('Host ports for `ports` entries without one; default `20000-29999`.'),
    hosts: z
      .record(hostName, z.union([z.null(), host]))
      .optional()
      .describe(
        'Docker Engines and clusters, each served by a worker: `deploy-code worker --hosts FILE`. Without ' +
          'this key, the stack runs on the Docker Engine or cluster of its worker.',
      ),
    load_balancer: loadBalancer.optional(),
    kubernetes: cluster.optional(),
    storage: z
      .strictObject({
        data_dir: z
          .string()
          .optional()
          .describe(
            "Folder on the worker for a copy of the audit trail; the trail itself stays in the worker's data " +
              'folder. Volumes are not stored here but by the container engine of the host.',
          ),
      })
      .optional(),
  })
  .describe('Hosts, networks and load balancer of the stack.');

const security = z.strictObject({
  tls_enabled: flag
    .optional()
    .describe('Workers refuse the stack while their connection to Temporal leaves the machine without TLS.'),
  auth: z
    .strictObject({
      enabled: flag
        .optional()
        .describe(
          'The environment takes requests only through `deploy-code server`, which signs each one; workers need ' +
            '`--statement-keys`. Turning it off again is such a request too.',
        ),
      method: choice('JWT').optional().describe('Recorded only: tokens of any kind that the server accepts.'),
    })
    .optional()
    .describe('Who may make requests (docs/access.md).'),
  rbac: z
    .strictObject({
      enabled: flag.optional().describe('Only subjects with one of the roles may make requests; needs `auth`.'),
      roles: z
        .array(choice(...roles))
        .min(1)
        .optional()
        .describe('Default: the role that each request needs.'),
    })
    .optional()
    .describe('Which roles may make requests.'),
  deployers: z
    .array(z.string().regex(grammarOf('subject').pattern, grammarOf('subject').hint))
    .min(1)
    .max(100)
    .optional()
    .describe(
      'Only these may deploy, roll back, restart, repair, run jobs and stop: `group:release`, `user:alice`, ' +
        '`service:ci`. They need a role for it too. Needs `auth`.',
    ),
  four_eyes: flag
    .optional()
    .describe('An approval has to come from somebody else than whoever requested the deployment. Needs `auth`.'),
});

const momentOfWeek = z
  .string()
  .regex(/^(mon|tue|wed|thu|fri|sat|sun) ([01]\d|2[0-3]):[0-5]\d$/i, 'write a day and a time such as fri 18:00');

const freezeWindow = z.strictObject({
  from: momentOfWeek.describe('Weekly start, as day and time: `fri 18:00`.'),
  to: momentOfWeek.describe('Weekly end, as day and time: `mon 08:00`.'),
  time_zone: z.string().optional().describe('Time zone such as `Europe/Berlin`; default `UTC`.'),
  action: choice('queue', 'refuse')
    .optional()
    .describe('`queue` (default): requests wait until the window ends. `refuse`: requests are rejected.'),
});

const phase = z.strictObject({
  host: z.string().describe('Host for the services of this phase, except those with their own `host` or `zone`.'),
});

const deployment = z
  .strictObject({
    strategy: choice('Sequential', 'Parallel')
      .optional()
      .describe(
        '`Sequential`: one service at a time. `Parallel` (default): phase by phase, with the services of ' +
          'a phase in parallel.',
      ),
    max_parallel: z
      .preprocess(fromText, z.number().int().min(1).max(100))
      .optional()
      .describe('Maximum number of services deployed in parallel; default 10.'),
    phases: z
      .record(z.string().regex(/^[1-9]\d*$/, 'write the number of a phase'), phase)
      .optional()
      .describe('Settings of a phase, by its number (`phase` of a service).'),
    health_check_interval: interval
      .optional()
      .describe('Interval of health checks without their own `interval`; default 30s.'),
    timeout_seconds: z
      .preprocess(fromText, z.number().positive().max(31_536_000))
      .optional()
      .describe('Time limit of a deployment in seconds, not counting jobs and waits for the platform; default 300.'),
    platform_timeout: duration
      .optional()
      .describe('How long to wait for Docker or a registry that is unavailable; default 15m.'),
    rollback_on_failure: flag
      .optional()
      .describe('Whether a failed deployment is rolled back; default true. If false, it is left as it is.'),
    on_failure: choice('rollback', 'wait')
      .optional()
      .describe(
        '`rollback` (default), or `wait`: a failed deployment that a person requested waits until it is ' +
          'amended, retried or aborted. Half-finished changes are undone meanwhile.',
      ),
    wait_limit: duration
      .optional()
      .describe('With `on_failure: wait`: time until the deployment is rolled back anyway; default 1h.'),
    circuit_breaker_threshold: count
      .optional()
      .describe(
        'Consecutive failed deployments after which automatic ones (such as scheduled ones) are refused; ' +
          'default 3. 0: never.',
      ),
    circuit_breaker_recovery: duration
      .optional()
      .describe('Time until one automatic deployment may try again; default 15m.'),
    freeze_windows: z
      .array(freezeWindow)
      .optional()
      .describe('Weekly windows in which no deployment starts; `--force` overrides them.'),
    watch_window: duration
      .optional()
      .describe(
        'Time after a deployment in which an instance that dies, crashes or becomes unhealthy triggers an ' +
          'automatic rollback; default 0s (no rollback).',
      ),
    keep_releases: count.optional().describe('Number of releases kept for `rollback --to`; default 10.'),
  })
  .describe('How the stack is deployed.');

const watch = z
  .strictObject({
    enabled: flag.optional().describe('Whether the engine watches the stack; default true.'),
    interval: interval
      .optional()
      .describe(
        'Time between two checks of the running instances; default 30s. Health checks keep their own intervals.',
      ),
    on_unhealthy: choice('restart', 'report')
      .optional()
      .describe(
        '`restart` (default): restart dead or unhealthy instances, with growing pauses. `report`: only ' +
          'report them.',
      ),
    on_drift: choice('report', 'repair')
      .optional()
      .describe(
        'Reaction to drift, a difference from the release that no deployment made. `report` (default): ' +
          'show it in `status` and metrics. `repair`: correct it with a deployment.',
      ),
  })
  .describe('How the engine watches the stack between deployments.');

const endpoint = z
  .url({ protocol: /^https?$/, error: 'write an http or https address' })
  .refine(
    (text) => !hasUserinfo(text),
    'contains a user or password, which would be stored with the release; remove it, ' +
      'and reach the server without one or through a proxy that adds it',
  );

const monitoring = z.strictObject({
  enabled: flag.optional().describe('For the record; the engine does not use it.'),
  prometheus: z
    .strictObject({ endpoint })
    .optional()
    .describe(
      'Prometheus server for the analysis of canaries, such as `http://prometheus:9090`: a service of ' +
        'the stack or any other host.',
    ),
  grafana: z
    .strictObject({ endpoint })
    .optional()
    .describe('Grafana server with the dashboards, for the record; the engine does not use it.'),
});

const range = z
  .string()
  .refine((text) => text.includes('/') && isValidCIDR(text), 'write a range such as 172.20.0.0/24');
const address = z.string().refine((text) => isIP(text) !== 0, 'write an IP address such as 172.20.0.1');

const network = z.strictObject({
  name: named('network').optional().describe('Name on the host; default `<stack>-<environment>_<key>`.'),
  cidr: z
    .string()
    .optional()
    .describe(
      'Address range such as `172.20.1.0/24`; default a part of `infrastructure.network.cidr`, ' +
        'otherwise chosen by Docker.',
    ),
  external: flag.optional().describe('Whether the network exists already. The engine never creates or removes it.'),
  internal: flag.optional().describe('No access to networks outside the host.'),
  driver: named('driver').optional().describe('Driver of Docker; default `bridge`.'),
  driver_opts: z.record(z.string(), scalar).optional().describe('Options of the driver.'),
  ipam: z
    .strictObject({
      driver: named('driver').optional(),
      options: z.record(z.string(), scalar).optional(),
      config: z
        .array(
          z.strictObject({
            subnet: range,
            ip_range: range.optional(),
            gateway: address.optional(),
            aux_addresses: z.record(z.string(), address).optional(),
          }),
        )
        .optional(),
    })
    .optional()
    .describe('Subnets with gateways and ranges, instead of `cidr`. Docker chooses addresses in them.'),
  enable_ipv4: flag.optional(),
  enable_ipv6: flag.optional().describe('Addresses of IPv6 too.'),
  attachable: flag.optional(),
  labels: assignments.optional(),
});

const volume = z.strictObject({
  name: named('volume').optional().describe('Name on the host; default `<stack>-<environment>_<key>`.'),
  external: flag.optional().describe('Whether the volume exists already. The engine adopts it and never creates it.'),
  shared: flag.optional().describe('Whether several instances may write to the volume at once.'),
  size: size.optional().describe('On Kubernetes: size of the claim; default 1G.'),
  storage_class: named('object')
    .optional()
    .describe('On Kubernetes: storage class of the claim; default that of the cluster.'),
  driver: named('driver').optional().describe('Driver of Docker; default `local`.'),
  driver_opts: z.record(z.string(), scalar).optional().describe('Options of the driver.'),
  labels: assignments.optional(),
});

const config = z.strictObject({
  file: z.string().optional().describe('File to read; a relative path starts at the folder of the stack file.'),
  content: z.string().optional().describe('Inline content, instead of a file.'),
});

/** Schema of the stack file, from which the JSON Schema and docs/configuration.md are generated. */
export const stackFile = z
  .strictObject({
    name: name.describe('Name of the stack. With `environment`, it names everything that the engine creates.'),
    version: z.union([z.string(), z.number()]).optional().describe('Your own version of the file.'),
    environment: name.optional().describe('Name of the environment; default `production`. `-e` overrides it.'),
    dry_run: flag.optional().describe('Whether `deploy` only prints the plan.'),
    infrastructure: infrastructure.optional(),
    security: security.optional().describe('Security settings, not enforced yet.'),
    deployment: deployment.optional(),
    watch: watch.optional(),
    monitoring: monitoring.optional().describe('Prometheus and Grafana servers.'),
    networks: z
      .record(key, z.union([z.null(), network]))
      .optional()
      .describe('Networks that services join.'),
    volumes: z
      .record(key, z.union([z.null(), volume]))
      .optional()
      .describe('Volumes that services mount.'),
    configs: z.record(key, config).optional().describe('Configuration files without secrets, stored with the release.'),
    secrets: z
      .record(key, secret)
      .optional()
      .describe('Secrets, read by the worker and never stored with the release.'),
    subscribers: z
      .record(name, subscriber)
      .optional()
      .describe('Receivers of events: webhooks, Slack, Redis streams, GitHub, e-mail.'),
    triggers: z
      .record(name, trigger)
      .optional()
      .describe('Requests from outside that deploy: a push to a repository, an image that was pushed (docs/hooks.md).'),
    schedules: z
      .record(name, schedule)
      .optional()
      .describe('Recurring deployments, restarts and jobs. Each deployment updates their Temporal Schedules.'),
    services: z
      .record(key, service)
      .refine((s) => Object.keys(s).length > 0, 'a stack needs at least one service')
      .describe('Services and jobs of the stack.'),
  })
  .describe('A stack of services, deployed as one.');

export type StackFile = z.infer<typeof stackFile>;
