import { z } from 'zod';
import { grammarOf, isName } from '../../model/names';
import { loadBalancer } from './exposure';
import { cluster } from './cluster';
import { host, hostName } from './host';
import { named } from './named';
import { schedule } from './schedule';
import { service } from './service';
import { subscriber } from './subscriber';
import { choice, count, duration, flag, fromText, hasUserinfo, interval, size } from './values';

const name = z
  .string()
  .regex(grammarOf('stack').pattern, grammarOf('stack').hint)
  .refine((text) => !(text in {}), 'is a word of JavaScript; choose another');

const infrastructure = z
  .strictObject({
    container_runtime: choice('Docker', 'Process', 'Memory')
      .optional()
      .describe('Where instances run. Default `Docker`.'),
    orchestrator: choice('DockerCompose', 'Process', 'Kubernetes')
      .optional()
      .describe('`DockerCompose` means this engine on Docker. `Kubernetes`: the cluster that the worker finds.'),
    network: z
      .strictObject({
        mode: choice('Bridge', 'Host')
          .optional()
          .describe('`Bridge` (default): networks of its own. `Host`: every service shares the network of the host.'),
        cidr: z.string().optional().describe('Networks without a CIDR of their own are carved from this one.'),
      })
      .optional(),
    port_range: z
      .string()
      .regex(/^\d+-\d+$/, 'write a range such as 20000-29999')
      .optional()
      .describe('Host ports for entries of `ports` that name none. Default `20000-29999`.'),
    hosts: z
      .record(hostName, z.union([z.null(), host]))
      .optional()
      .describe(
        'Several Docker Engines and clusters, each served by a worker: `deploy-code worker --hosts ' +
          'FILE`. Without them the stack runs where its worker finds Docker, or its cluster.',
      ),
    load_balancer: loadBalancer.optional(),
    kubernetes: cluster.optional(),
    storage: z
      .strictObject({
        data_dir: z
          .string()
          .optional()
          .describe(
            "Folder of the worker for a copy of the audit trail, which is kept in the worker's own " +
              'data folder. Volumes live where the engine of the host keeps them.',
          ),
      })
      .optional(),
  })
  .describe('Where the stack runs.');

const security = z.strictObject({
  tls_enabled: flag.optional().describe('Nothing acts on it. True needs `--accept-unenforced`.'),
  auth: z
    .strictObject({ enabled: flag.optional(), method: choice('JWT').optional() })
    .optional()
    .describe('Nothing enforces it yet. Enabled it needs `--accept-unenforced`.'),
  rbac: z
    .strictObject({ enabled: flag.optional(), roles: z.array(z.string()).optional() })
    .optional()
    .describe('Nothing enforces it yet. Enabled it needs `--accept-unenforced`.'),
});

const momentOfWeek = z
  .string()
  .regex(/^(mon|tue|wed|thu|fri|sat|sun) ([01]\d|2[0-3]):[0-5]\d$/i, 'write a day and a time such as fri 18:00');

const freezeWindow = z.strictObject({
  from: momentOfWeek.describe('Day and time, every week: `fri 18:00`.'),
  to: momentOfWeek.describe('`mon 08:00`.'),
  time_zone: z.string().optional().describe('Such as `Europe/Berlin`; default `UTC`.'),
  action: choice('queue', 'refuse')
    .optional()
    .describe('`queue` (default): requests wait until it is over. `refuse`: they are turned away.'),
});

const phase = z.strictObject({
  host: z.string().describe('Services with this number run there, save those that name a host or a zone themselves.'),
});

const deployment = z
  .strictObject({
    strategy: choice('Sequential', 'Parallel')
      .optional()
      .describe(
        '`Sequential`: one service at a time. `Parallel` (default): phase ' +
          'by phase, the services of a phase side by side.',
      ),
    max_parallel: z
      .preprocess(fromText, z.number().int().min(1).max(100))
      .optional()
      .describe('Services side by side; default 10.'),
    phases: z
      .record(z.string().regex(/^[1-9]\d*$/, 'write the number of a phase'), phase)
      .optional()
      .describe('By the number that services name with `phase`.'),
    health_check_interval: interval.optional().describe('Default interval of health checks; default 30s.'),
    timeout_seconds: z
      .preprocess(fromText, z.number().positive().max(31_536_000))
      .optional()
      .describe('The longest a deployment may take, jobs and waiting for the platform not counted; default 300.'),
    platform_timeout: duration
      .optional()
      .describe('How long to wait for Docker or a registry that is away; default 15m.'),
    rollback_on_failure: flag.optional().describe('Default true. False: what has begun stays as it is.'),
    on_failure: choice('rollback', 'wait')
      .optional()
      .describe(
        '`rollback` (default). `wait`: a deployment that somebody asked for waits until it is ' +
          'amended, tried again or aborted; what is half done is put back meanwhile.',
      ),
    wait_limit: duration.optional().describe('With `on_failure: wait`: after so long it is rolled back; default 1h.'),
    circuit_breaker_threshold: count
      .optional()
      .describe('Failed deployments in a row after which automatic ones (schedules) are refused; default 3. 0: never.'),
    circuit_breaker_recovery: duration.optional().describe('After so long one of them may try again; default 15m.'),
    freeze_windows: z
      .array(freezeWindow)
      .optional()
      .describe('Parts of every week in which no deployment begins; `--force` goes past them.'),
    watch_window: duration
      .optional()
      .describe(
        'For so long after a deployment the release is rolled back by itself when one of its ' +
          'instances dies, crashes or gets unhealthy; default 0s: it is not.',
      ),
    keep_releases: count.optional().describe('Releases that `rollback --to` can go back to; default 10.'),
  })
  .describe('How the stack is deployed.');

const watch = z
  .strictObject({
    enabled: flag.optional().describe('Default true.'),
    interval: interval
      .optional()
      .describe('Between two looks at what runs; default 30s. Health checks keep their own intervals.'),
    on_unhealthy: choice('restart', 'report')
      .optional()
      .describe(
        '`restart` (default): an instance that is dead or unhealthy is restarted, ' +
          'later and later as it goes on. `report`: it is only told.',
      ),
    on_drift: choice('report', 'repair')
      .optional()
      .describe(
        'What differs from the release though no deployment has done it. `report` (default): ' +
          'told by `status` and metrics. `repair`: put right by a deployment.',
      ),
  })
  .describe('What the engine does between deployments.');

const endpoint = z
  .url({ protocol: /^https?$/, error: 'write an http or https address' })
  .refine(
    (text) => !hasUserinfo(text),
    'holds a user or password, which would travel with the release; leave it out, ' +
      'and reach the server without one or through a proxy that adds it',
  );

const monitoring = z.strictObject({
  enabled: flag.optional(),
  prometheus: z
    .strictObject({ endpoint })
    .optional()
    .describe(
      'Where the metrics are: `http://prometheus:9090`, of a service of the ' +
        'stack or of any other host. Canaries are judged by it.',
    ),
  grafana: z.strictObject({ endpoint }).optional().describe('Where the dashboards are.'),
});

const network = z.strictObject({
  name: named('network').optional().describe('Its name on the host; default `<stack>-<environment>_<key>`.'),
  cidr: z
    .string()
    .optional()
    .describe(
      'Such as `172.20.1.0/24`; default one carved from `infrastructure.network.cidr`, else the choice of Docker.',
    ),
  external: flag.optional().describe('It exists already and is never created or removed.'),
  internal: flag.optional().describe('No way out of the host.'),
});

const volume = z.strictObject({
  name: named('volume').optional().describe('Its name on the host; default `<stack>-<environment>_<key>`.'),
  external: flag.optional().describe('It exists already: it is adopted, never created.'),
  shared: flag.optional().describe('Several instances may write to it at once.'),
  size: size.optional().describe('On Kubernetes: what to claim; default 1G.'),
  storage_class: named('object')
    .optional()
    .describe('On Kubernetes: the class of the claim; default the class of the cluster.'),
});

const config = z.strictObject({
  file: z.string().optional().describe('Read beside the stack file.'),
  content: z.string().optional().describe('The content itself, instead of a file.'),
});

const secret = z.strictObject({
  file: z.string().optional().describe('A file on the worker.'),
  environment: named('variable').optional().describe("A variable of the worker's environment."),
  vault: z
    .union([
      z
        .string()
        .regex(/^[^#\s]+#[^#\s]+$/, 'write path#key, such as shop/postgres#password')
        .refine((text) => isName('vaultPath', text.split('#')[0]), grammarOf('vaultPath').hint),
      z.strictObject({
        path: named('vaultPath').describe('Such as `shop/postgres`.'),
        key: named('vaultKey').describe('Such as `password`.'),
        mount: named('vaultPath').optional().describe('Where the KV engine is mounted; default `secret`.'),
      }),
    ])
    .optional()
    .describe(
      'A key of a secret in HashiCorp Vault (KV version 2), `path#key`. The worker finds Vault by `VAULT_ADDR`.',
    ),
});

/** The stack file. The one source of validation, of the JSON Schema and of docs/configuration.md. */
export const stackFile = z
  .strictObject({
    name: name.describe('The stack. With `environment` it names everything that the engine creates.'),
    version: z.string().optional().describe('Your own version of the file.'),
    environment: name.optional().describe('Default `production`; `-e` overrides it.'),
    dry_run: flag.optional().describe('Deployments only print their plan.'),
    infrastructure: infrastructure.optional(),
    security: security.optional(),
    deployment: deployment.optional(),
    watch: watch.optional(),
    monitoring: monitoring.optional().describe('Where measurements are.'),
    networks: z.record(name, z.union([z.null(), network])).optional(),
    volumes: z.record(name, z.union([z.null(), volume])).optional(),
    configs: z
      .record(name, config)
      .optional()
      .describe('What is not secret: read beside the file, travels with the release.'),
    secrets: z.record(name, secret).optional().describe('What is secret: lives with the worker, never travels.'),
    subscribers: z
      .record(name, subscriber)
      .optional()
      .describe('Who is told what happens: webhooks, Slack, Redis streams.'),
    schedules: z
      .record(name, schedule)
      .optional()
      .describe('What is asked for again and again. Deployments keep Temporal Schedules in step with it.'),
    services: z.record(name, service).refine((s) => Object.keys(s).length > 0, 'a stack needs at least one service'),
  })
  .describe('A stack of services, deployed as one.');

export type StackFile = z.infer<typeof stackFile>;
