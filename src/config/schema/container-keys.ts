import { isIP } from 'node:net';
import { z } from 'zod';
import { isCdiDevice } from '../../model/names/cdi';
import { modes } from './modes';
import { named } from './named';
import { assignments, choice, count, flag, fromText, names, oneOrMore, size } from './values';

/** Keys of a service that go to the container engine as they are. Compose has the same ones. */

const device = z.union([
  z
    .string()
    .refine(
      (text) => /^(\/[^\s:,\0]+)(:\/[^\s:,\0]+)?(:[rwm]{1,3})?$/.test(text) || isCdiDevice(text),
      'write a device such as /dev/ttyUSB0, /dev/ttyUSB0:/dev/serial:rw or vendor.com/class=name',
    ),
  z.strictObject({
    source: z.string().regex(/^\/[^\s\0]+$/, 'write an absolute path such as /dev/ttyUSB0'),
    target: z
      .string()
      .regex(/^\/[^\s\0]+$/, 'write an absolute path such as /dev/serial')
      .optional(),
    permissions: z
      .string()
      .regex(/^[rwm]{1,3}$/, 'use r, w and m')
      .optional(),
  }),
]);

/** A whole number, also as text. */
const whole = (least: number, most = Number.MAX_SAFE_INTEGER) =>
  z.preprocess(fromText, z.number().int().min(least).max(most));

const ulimit = z.union([
  whole(-1),
  z.strictObject({
    soft: whole(-1),
    hard: whole(-1),
  }),
]);

const address = z.string().refine((text) => isIP(text) !== 0, 'write an IP address such as 10.0.0.2');
const domain = z.string().regex(/^(\.|[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?)$/, 'write a domain');
const word = z.string().regex(/^\/?[A-Za-z0-9][A-Za-z0-9_.:/-]{0,199}$/, 'use letters, digits, _, ., :, / and -');
const securityOption =
  /^(no-new-privileges([:=](true|false))?|(apparmor|label)[:=][^\s\0]+|seccomp[:=][^\0]+|systempaths=unconfined)$/;
const securityOptions =
  '`no-new-privileges:true`, `apparmor=PROFILE`, `label=…`, `seccomp=FILE`, `seccomp=unconfined` or ' +
  '`systempaths=unconfined`';
const sharedOrHost = 'of the host, with `host`.';

const devicePath = z.string().regex(/^\/[^\s\0]+$/, 'write the path of a device such as /dev/sda');
const rates = z.array(z.strictObject({ path: devicePath, rate: size }));

const deviceRequest = z.strictObject({
  driver: word.optional(),
  count: z.union([z.literal('all'), whole(1)]).optional(),
  device_ids: names.optional(),
  capabilities: names.optional(),
  options: assignments.optional(),
});

export const containerKeys = {
  hostname: z
    .string()
    .regex(
      /^[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)*$/,
      'write a host name: letters, digits, -, _ and .',
    )
    .max(253)
    .optional()
    .describe('Host name inside the container; default its ID. Other services still use the name of the service.'),
  privileged: flag.optional().describe('All capabilities and devices of the host. The container is root there.'),
  devices: z
    .array(device)
    .optional()
    .describe(
      'Devices of the host: `/dev/ttyUSB0`, `/dev/ttyUSB0:/dev/serial:rw`, or `source`, `target`, `permissions`; ' +
        'with Docker 25 and later also those of the Container Device Interface, such as `nvidia.com/gpu=all`.',
    ),
  device_cgroup_rules: z
    .array(z.string().regex(/^[abc] (\d+|\*):(\d+|\*) [rwm]{1,3}$/, 'write a rule such as c 188:* rmw'))
    .optional()
    .describe('Access to classes of devices, such as `c 188:* rmw`.'),
  security_opt: z
    .array(z.string().regex(securityOption, `use ${securityOptions.replaceAll('`', '')}`))
    .optional()
    .describe(
      `${securityOptions}. The client reads the FILE, a seccomp profile in JSON; a change of it replaces the ` +
        'instances.',
    ),
  ulimits: z
    .record(z.string().regex(/^[a-z]{2,12}$/, 'write the name of a limit such as nofile'), ulimit)
    .optional()
    .describe('Limits of each process: `{nofile: 65536}` or `{nofile: {soft: 1024, hard: 65536}}`; -1: none.'),
  sysctls: assignments
    .optional()
    .describe("Kernel settings of the container's namespaces, such as `net.core.somaxconn`."),
  dns: oneOrMore
    .pipe(z.union([address, z.array(address)]))
    .optional()
    .describe('DNS servers.'),
  dns_search: oneOrMore
    .pipe(z.union([domain, z.array(domain)]))
    .optional()
    .describe('Domains to search.'),
  dns_opt: z.array(word).optional().describe('Options of the resolver, such as `ndots:1`.'),
  ipc: modes('none', 'private', 'shareable', 'host')
    .optional()
    .describe(
      'Shared memory: `none`, `private`, `shareable` with other services, of the host with `host`, or of a service ' +
        'or container outside the stack that has `ipc: shareable` with `service:NAME` or `container:NAME`.',
    ),
  pid: modes('host')
    .optional()
    .describe(
      'Processes of the host with `host`, of another service with `service:NAME`, of a container outside the stack ' +
        'with `container:NAME`.',
    ),
  uts: choice('host').optional().describe(`Host name ${sharedOrHost}`),
  userns_mode: choice('host').optional().describe(`Users ${sharedOrHost}`),
  cgroup: choice('host', 'private').optional().describe(`Control groups: private, or ${sharedOrHost}`),
  cgroup_parent: word.optional().describe('Control group above that of the container.'),
  group_add: z
    .array(z.union([z.number().int().nonnegative(), word]))
    .optional()
    .describe('More groups of the user, by name or number.'),
  tty: flag.optional().describe('A terminal for the main process.'),
  stdin_open: flag.optional().describe('Keeps the standard input of the main process open.'),
  runtime: word.optional().describe('OCI runtime of the Docker Engine, such as `nvidia` or `runsc`.'),
  pids_limit: whole(-1).optional().describe('Most processes and threads; -1: no limit.'),
  oom_score_adj: whole(-1000, 1000)
    .optional()
    .describe('How early the kernel ends its processes when memory runs out, from -1000 (last) to 1000.'),
  oom_kill_disable: flag.optional().describe('The kernel does not end its processes when memory runs out.'),
  memswap_limit: z
    .union([z.preprocess(fromText, z.literal(-1)), size])
    .optional()
    .describe('Memory and swap together, in bytes or as `2G`; -1: no limit of swap.'),
  mem_swappiness: whole(0, 100).optional().describe('How readily the kernel swaps its memory, from 0 to 100.'),
  cpu_shares: count.optional().describe('Weight among containers that want the processor; default 1024.'),
  cpu_quota: count.optional().describe('Processor time per `cpu_period`, in µs.'),
  cpu_period: count.optional().describe('Length of a period of `cpu_quota`, in µs; default 100000.'),
  cpuset: z
    .string()
    .regex(/^\d+(-\d+)?(,\d+(-\d+)?)*$/, 'write processors such as 0-3 or 0,2')
    .optional()
    .describe('Processors that it may use, such as `0-3` or `0,2`.'),
  cpu_rt_period: whole(0).optional().describe('Length of a real-time period, in µs.'),
  cpu_rt_runtime: whole(0).optional().describe('Real-time processor time per `cpu_rt_period`, in µs.'),
  blkio_config: z
    .strictObject({
      weight: whole(0, 1000).optional(),
      weight_device: z.array(z.strictObject({ path: devicePath, weight: whole(0, 1000) })).optional(),
      device_read_bps: rates.optional(),
      device_read_iops: rates.optional(),
      device_write_bps: rates.optional(),
      device_write_iops: rates.optional(),
    })
    .optional()
    .describe('Weights of block devices, and limits of their rates.'),
  annotations: assignments.optional().describe('Annotations for the OCI runtime; Docker 24 and later pass them on.'),
  domainname: domain.optional().describe('Domain name inside the container.'),
  storage_opt: assignments.optional().describe("Options of the engine's storage driver, such as `size: 1G`."),
  platform: z
    .string()
    .regex(/^[a-z0-9]+(\/[a-z0-9]+){0,2}$/, 'write a platform such as linux/arm64')
    .optional()
    .describe('Platform of the image, such as `linux/arm64`.'),
  mac_address: named('mac').optional().describe('MAC address in its first network. Only one instance can have it.'),
  gpus: z
    .union([z.literal('all').transform(() => [{ count: 'all' as const }]), z.array(deviceRequest)])
    .optional()
    .describe('GPUs: `all`, or requests with `driver`, `count` or `device_ids`, `capabilities` and `options`.'),
};
