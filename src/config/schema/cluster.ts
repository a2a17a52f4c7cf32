import { z } from 'zod';
import { grammarOf } from '../../model/names';
import { named } from './named';
import { choice } from './values';

/** Settings of all workloads of the stack on a cluster. */
export const cluster = z
  .strictObject({
    namespace: z
      .string()
      .regex(grammarOf('namespace').pattern, grammarOf('namespace').hint)
      .optional()
      .describe('Namespace of the stack; default `<stack>-<environment>`. Created if missing.'),
    pull_secrets: z.array(named('object')).optional().describe('Secrets in the namespace with registry credentials.'),
    service_account: named('object')
      .optional()
      .describe('Service account of the pods, in the namespace. Without one, pods get no token.'),
    ingress_class: named('object')
      .optional()
      .describe('Ingress class for exposed services; default that of the cluster.'),
    gateway: z
      .string()
      .regex(
        /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\/)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
        'write the name of a Gateway, or namespace/name',
      )
      .optional()
      .describe(
        'Gateway for exposed services, `name` or `namespace/name`, on clusters with the Gateway API. Each ' +
          'service gets an HTTPRoute instead of an Ingress, and canaries split requests by weight.',
      ),
    service_type: choice('ClusterIP', 'NodePort', 'LoadBalancer')
      .optional()
      .describe(
        'Type of the Services for `ports`; default `ClusterIP`, reachable within the cluster only. With ' +
          '`NodePort`, a published port from 30000 to 32767 is also the port on the nodes.',
      ),
  })
  .describe('Settings for `orchestrator: Kubernetes`, and for clusters among `hosts`.');
