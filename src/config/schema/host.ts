import { z } from 'zod';
import { grammarOf } from '../../model/names';
import { named } from './named';
import { amount, count, flag, hasUserinfo, size } from './values';

const engine = /^(unix:\/\/\/\S+|(tcp|ssh):\/\/[^\s/]+)$/;

const tls = z.union([
  z.string().describe('A folder of the worker with `ca.pem`, `cert.pem` and `key.pem`.'),
  z.strictObject({ ca: z.string(), cert: z.string(), key: z.string() }).describe('Files of the worker.'),
]);

export const hostName = z.string().regex(grammarOf('host').pattern, grammarOf('host').hint);

const kubernetes = z.union([
  z.string().min(1).describe('A context of the kubeconfig of the worker.'),
  z.strictObject({
    context: z.string().min(1).optional().describe('Default the current one.'),
    kubeconfig: z
      .string()
      .min(1)
      .optional()
      .describe('A file of the worker; default the one that `kubectl` would take, and in a pod its service account.'),
  }),
]);

/** A Docker Engine or a cluster that instances may run on. */
export const host = z
  .strictObject({
    docker: z
      .string()
      .regex(engine, 'write unix:///var/run/docker.sock, tcp://10.0.0.2:2376 or ssh://user@10.0.0.2')
      .refine(
        (url) => !(url.startsWith('tcp:') ? hasUserinfo(url) : /^ssh:\/\/[^@]*:[^@]*@/.test(url)),
        'holds a password; use tls for tcp://, and a key of the worker for ssh://',
      )
      .optional()
      .describe(
        'Where the worker that serves the host finds its Docker Engine: `unix:///var/run/docker.sock` ' +
          '(default: on that very host), `tcp://10.0.0.2:2376` with `tls`, or `ssh://user@10.0.0.2`.',
      ),
    kubernetes: kubernetes
      .optional()
      .describe('Instead of `docker`: where the worker that serves the host finds its cluster.'),
    insecure: flag
      .optional()
      .describe(
        '`true`: reach a Docker Engine at `tcp://` without `tls`. Whoever ' +
          'reaches it, or gets between, is root on the host.',
      ),
    tls: tls
      .optional()
      .describe(
        'Certificates of the worker for `tcp://`: a folder with `ca.pem`, ' +
          '`cert.pem` and `key.pem`, or the three files.',
      ),
    address: z
      .ipv4('write an IPv4 address')
      .optional()
      .describe(
        'By which the other hosts reach it; default the address in `docker`. Of ' +
          'a cluster: of any node, or of what balances its load.',
      ),
    zone: named('zone').optional().describe('Services choose by it: `zone: edge`.'),
    capacity: z
      .strictObject({ cpus: amount.optional(), memory: size.optional(), gpus: count.optional() })
      .optional()
      .describe('What may be reserved of it, where that is not all it has.'),
  })
  .describe('A Docker Engine or a cluster that instances may run on.');

export type HostInput = z.infer<typeof host>;
