import { z } from 'zod';

const folder = z.string().regex(/^\/[^\0]*$/, 'write an absolute path such as /srv/data/{stack}');
const pattern = z.string().min(1).max(300);
const folders = z.array(folder);
const patterns = z.array(pattern);
const capability = z.string().regex(/^(CAP_)?[A-Z_]+$/, 'write a capability such as NET_BIND_SERVICE');

const secrets = z
  .strictObject({
    files: folders.optional().describe('Allowed folders for the `file` of a secret.'),
    env_files: folders.optional().describe('Allowed folders for an `env_file`.'),
    environment: patterns.optional().describe('Worker variables that secrets may read, such as `SHOP_*`.'),
    vault: patterns
      .optional()
      .describe('Vault secrets that stacks may read, as `mount/path`, such as `secret/{stack}/**`.'),
  })
  .describe('Allowed sources of secrets.');

const mounts = z
  .strictObject({
    folders: folders.optional().describe('Allowed host folders for bind mounts. An empty list allows no bind mounts.'),
    volumes: patterns.optional().describe('Allowed names of external volumes, such as `{stack}-{environment}-*`.'),
    docker_socket: z
      .boolean()
      .optional()
      .describe(
        'Whether the socket of a container engine, or a folder that holds it, may be mounted. This ' +
          "includes the worker's own `DOCKER_HOST` and user sockets in `/run/user`.",
      ),
  })
  .describe('Allowed mounts from the host.');

const containers = z
  .strictObject({
    host_network: z.boolean().optional().describe('Whether `infrastructure.network.mode` may be `Host`.'),
    capabilities: z
      .array(capability)
      .optional()
      .describe('Capabilities that `cap_add` may name. An empty list allows none.'),
    privileged: z
      .boolean()
      .optional()
      .describe(
        'Whether containers may leave their confinement: `privileged`, `devices`, `device_cgroup_rules`, ' +
          '`security_opt` other than `no-new-privileges` (a seccomp profile too), another `runtime`, ' +
          '`cgroup_parent`, `oom_kill_disable`, a ' +
          'negative `oom_score_adj`, and namespaces of the host (`pid`, `ipc`, `uts`, `userns_mode`, `cgroup`).',
      ),
    namespaces_of: patterns
      .optional()
      .describe(
        'Names of containers outside the stack whose `network_mode`, `ipc` and `pid` a service may join with ' +
          '`container:NAME`, such as `vpn-*`. Never those of other environments.',
      ),
    gpus: z.boolean().optional().describe('Whether stacks may reserve GPUs.'),
  })
  .describe('Allowed container options.');

const kubernetes = z
  .strictObject({
    namespaces: patterns.optional().describe('Namespaces that stacks may run in, such as `{stack}-{environment}`.'),
    service_accounts: patterns
      .optional()
      .describe('Service accounts that pods may run as. Pods without one get no token, and are always allowed.'),
  })
  .describe('Allowed namespaces and service accounts on a cluster.');

const images = z
  .strictObject({
    registries: patterns
      .optional()
      .describe(
        'Allowed registries and repositories: `docker.io/library`, `ghcr.io/acme`, `*.example.com`. An ' +
          'entry covers everything below it.',
      ),
  })
  .describe('Allowed images, including the image of the load balancer.');

const subscribers = z
  .strictObject({
    hosts: patterns
      .optional()
      .describe('Allowed host names or IP addresses, such as `hooks.slack.com` or `*.example.com`.'),
  })
  .describe('Allowed subscribers of events.');

const audit = z
  .strictObject({
    folders: folders.optional().describe('Allowed folders for `infrastructure.storage.data_dir`.'),
  })
  .describe('Allowed locations for copies of audit trails.');

const floors = z
  .strictObject({
    no_new_privileges: z
      .boolean()
      .optional()
      .describe('Processes cannot gain privileges through set-user-ID programs.'),
    pids_limit: z
      .int()
      .min(1)
      .max(4_194_304)
      .optional()
      .describe(
        'Maximum number of processes and threads in a container. Docker only; on a cluster, this is a ' +
          'setting of the nodes.',
      ),
    cap_drop: z
      .array(capability)
      .optional()
      .describe(
        'Capabilities dropped from every container, such as `ALL`. A service keeps those in its own `cap_add`.',
      ),
    read_only: z
      .boolean()
      .optional()
      .describe(
        'Read-only container file system with a writable `/tmp`. The load balancer is exempt, because it ' +
          'writes its configuration.',
      ),
    log_max_size: z
      .string()
      .regex(/^[1-9]\d{0,6}[kmg]$/, 'write a size such as 10m')
      .optional()
      .describe(
        'Size at which log files are rotated; a service may set a smaller one. Docker only, with the ' +
          'drivers `json-file` and `local`.',
      ),
    log_max_files: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe('Number of log files kept per container; needs `log_max_size`.'),
  })
  .refine(({ log_max_size: size, log_max_files: files }) => files === undefined || size !== undefined, {
    path: ['log_max_files'],
    message: 'needs log_max_size; set it too',
  })
  .describe('Minimum restrictions for every container, whatever its stack file says.');

/** Schema of the policy file of a worker, from which docs/policy.md is generated. */
export const policyFile = z
  .strictObject({
    secrets: secrets.optional(),
    mounts: mounts.optional(),
    processes: z
      .boolean()
      .optional()
      .describe("Whether stacks may run processes as the worker's user (`container_runtime: Process`)."),
    containers: containers.optional(),
    kubernetes: kubernetes.optional(),
    images: images.optional(),
    subscribers: subscribers.optional(),
    audit: audit.optional(),
    statements: patterns
      .optional()
      .describe(
        'Environments that take requests only with a statement of `deploy-code server`, such as `shop/production` or ' +
          '`pay/*`. Needs `--statement-keys`.',
      ),
    exec: z.boolean().optional().describe('Whether `deploy-code exec` may run commands inside instances.'),
    floors: floors.optional(),
  })
  .describe('Rules for the stack files that a worker deploys.');

/** A worker's policy. Without a rule, everything is allowed that is not always refused. */
export type Policy = z.infer<typeof policyFile>;
export type Floors = z.infer<typeof floors>;
