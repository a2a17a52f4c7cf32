import { z } from 'zod';
import { grammarOf } from '../../model/names';
import { named } from './named';
import { choice } from './values';

/** What a cluster is told of every workload of the stack. */
export const cluster = z
  .strictObject({
    namespace: z
      .string()
      .regex(grammarOf('namespace').pattern, grammarOf('namespace').hint)
      .optional()
      .describe('Where everything of the stack is; default `<stack>-<environment>`, made where it is missing.'),
    pull_secrets: z
      .array(named('object'))
      .optional()
      .describe('Secrets of the namespace that hold the keys to registries.'),
    service_account: named('object')
      .optional()
      .describe('Of the namespace, for the pods. Without one they get no token.'),
    ingress_class: named('object')
      .optional()
      .describe('Of the Ingress of what is exposed; default the class of the cluster.'),
    gateway: z
      .string()
      .regex(
        /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\/)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
        'write the name of a Gateway, or namespace/name',
      )
      .optional()
      .describe(
        'Of the Gateway API, where the cluster has it: what is exposed gets an HTTPRoute there instead ' +
          'of an Ingress, and a canary its share by weight. `name` or `namespace/name`.',
      ),
    service_type: choice('ClusterIP', 'NodePort', 'LoadBalancer')
      .optional()
      .describe(
        'Of services with `ports`; default `ClusterIP`: reached within the cluster only. ' +
          '`NodePort`: a published port of 30000 to 32767 is that of the nodes too.',
      ),
  })
  .describe('With `orchestrator: Kubernetes`, or a cluster among `hosts`.');
