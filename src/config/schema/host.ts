import { z } from 'zod';
import { grammarOf } from '../../model/names';
import { named } from './named';
import { amount, count, flag, hasUserinfo, size } from './values';

const engine = /^(unix:\/\/\/\S+|(tcp|ssh):\/\/[^\s/]+)$/;

const tls = z.union([
  z.string().describe('Folder on the worker with `ca.pem`, `cert.pem` and `key.pem`.'),
  z.strictObject({ ca: z.string(), cert: z.string(), key: z.string() }).describe('Files on the worker.'),
]);

export const hostName = z.string().regex(grammarOf('host').pattern, grammarOf('host').hint);

const kubernetes = z.union([
  z.string().min(1).describe("Context in the worker's kubeconfig."),
  z.strictObject({
    context: z.string().min(1).optional().describe('Context in the kubeconfig; default its current context.'),
    kubeconfig: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Kubeconfig file on the worker; default the file that `kubectl` uses, and in a pod its service account.',
      ),
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
        'contains a password; use tls for tcp://, and an SSH key of the worker for ssh://',
      )
      .optional()
      .describe(
        'Address of the Docker Engine, as seen from the worker that serves this host: ' +
          '`unix:///var/run/docker.sock` (default, with the worker on this host), `tcp://10.0.0.2:2376` ' +
          'with `tls`, or `ssh://user@10.0.0.2`.',
      ),
    kubernetes: kubernetes
      .optional()
      .describe('Instead of `docker`: the cluster, as seen from the worker that serves this host.'),
    insecure: flag
      .optional()
      .describe(
        '`true`: allow a Docker Engine at `tcp://` without `tls`. Anyone who can reach or intercept the ' +
          'connection is root on the host.',
      ),
    tls: tls
      .optional()
      .describe(
        'Certificates on the worker for `tcp://`: a folder with `ca.pem`, `cert.pem` and `key.pem`, or ' +
          'the three files.',
      ),
    address: z
      .ipv4('write an IPv4 address')
      .optional()
      .describe(
        'IPv4 address at which the other hosts reach this one; default the address in `docker`. For a ' +
          'cluster: the address of any node, or of a load balancer in front of the nodes.',
      ),
    zone: named('zone').optional().describe('Zone of this host. Services select it with `zone: edge`.'),
    capacity: z
      .strictObject({ cpus: amount.optional(), memory: size.optional(), gpus: count.optional() })
      .optional()
      .describe('Resources that services may reserve; default all that the host has.'),
  })
  .describe('A Docker Engine or cluster that can run instances.');

export type HostInput = z.infer<typeof host>;
