import { z } from 'zod';

const folder = z.string().regex(/^\/[^\0]*$/, 'write an absolute path such as /srv/data/{stack}');
const pattern = z.string().min(1).max(300);
const folders = z.array(folder);
const patterns = z.array(pattern);
const capability = z.string().regex(/^(CAP_)?[A-Z_]+$/, 'write a capability such as NET_BIND_SERVICE');

const secrets = z
  .strictObject({
    files: folders.optional().describe('Folders below which a `file` of a secret must lie.'),
    env_files: folders.optional().describe('Folders below which an `env_file` must lie.'),
    environment: patterns.optional().describe("Names of the worker's variables that may be secrets, such as `SHOP_*`."),
    vault: patterns.optional().describe('Secrets of Vault as `mount/path`, such as `secret/{stack}/**`.'),
  })
  .describe('Where the values of secrets may come from.');

const mounts = z
  .strictObject({
    folders: folders
      .optional()
      .describe('Folders of the host below which a bind mount must lie. An empty list: no bind mounts.'),
    volumes: patterns
      .optional()
      .describe('Names of the external volumes that may be mounted, such as `{stack}-{environment}-*`.'),
    docker_socket: z
      .boolean()
      .optional()
      .describe(
        'Whether the socket of a container engine, or a folder that holds it, may be mounted. ' +
          "The worker's own `DOCKER_HOST` and sockets of users in `/run/user` count.",
      ),
  })
  .describe('What of the host may be mounted.');

const containers = z
  .strictObject({
    host_network: z.boolean().optional().describe('Whether `infrastructure.network.mode` may be `Host`.'),
    capabilities: z.array(capability).optional().describe('What `cap_add` may name. An empty list: nothing.'),
    gpus: z.boolean().optional().describe('Whether GPUs, the only devices a stack file can ask for, may be reserved.'),
  })
  .describe('What containers may ask for.');

const kubernetes = z
  .strictObject({
    namespaces: patterns.optional().describe('Namespaces that stacks may run in, such as `{stack}-{environment}`.'),
    service_accounts: patterns
      .optional()
      .describe('Service accounts that pods may run as. Pods that name none get no token, and are always allowed.'),
  })
  .describe('What stacks may use of a cluster.');

const images = z
  .strictObject({
    registries: patterns
      .optional()
      .describe(
        'Where images may come from: `docker.io/library`, `ghcr.io/acme`, ' +
          '`*.example.com`. An entry covers everything below it.',
      ),
  })
  .describe("Which images may run, the load balancer's included.");

const subscribers = z
  .strictObject({
    hosts: patterns
      .optional()
      .describe('Host names or IP addresses that subscribers may have, such as `hooks.slack.com` or `*.example.com`.'),
  })
  .describe('Who may be told of what happens.');

const audit = z
  .strictObject({
    folders: folders.optional().describe('Folders that `infrastructure.storage.data_dir` may lie in.'),
  })
  .describe('Where audit trails may be kept.');

const floors = z
  .strictObject({
    no_new_privileges: z.boolean().optional().describe('Processes gain no privileges by set-user-ID programs.'),
    pids_limit: z
      .int()
      .min(1)
      .max(4_194_304)
      .optional()
      .describe('Most processes and threads of a container. Docker only: a cluster has it as a setting of its nodes.'),
    cap_drop: z
      .array(capability)
      .optional()
      .describe('Capabilities that every container loses, such as `ALL`. What a service adds by `cap_add` it keeps.'),
    read_only: z
      .boolean()
      .optional()
      .describe(
        "The container's own file system is read-only, with a writable `/tmp`. The " +
          'load balancer, which writes its configuration, is left out.',
      ),
    log_max_size: z
      .string()
      .regex(/^[1-9]\d{0,6}[kmg]$/, 'write a size such as 10m')
      .optional()
      .describe(
        'A log file is rotated at this size, or at a smaller one that the service ' +
          'names. Docker only, with the drivers `json-file` and `local`.',
      ),
    log_max_files: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe('Log files kept of each container; with `log_max_size`.'),
  })
  .refine(({ log_max_size: size, log_max_files: files }) => files === undefined || size !== undefined, {
    path: ['log_max_files'],
    message: 'needs log_max_size beside it',
  })
  .describe('What holds for every container, whatever its stack file says.');

/** The policy file of a worker. The one source of validation and of the table in docs/policy.md. */
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
    exec: z.boolean().optional().describe('Whether `deploy-code exec` may run commands inside instances.'),
    floors: floors.optional(),
  })
  .describe('What a worker lets stack files do.');

/** A worker's policy. A rule that is absent allows everything but what is always refused. */
export type Policy = z.infer<typeof policyFile>;
export type Floors = z.infer<typeof floors>;
