import { z } from 'zod';
import { duration, flag, integer } from './values';

/** A DNS name, with at most a `*` for its first label. It stands in NGINX's configuration as it is. */
const hostName = z
  .string()
  .regex(/^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i, 'write a host name such as shop.example.com or *.example.com');

const path = z.string().regex(/^\/(?!.*\/\/)(?!.*\/\.{1,2}(\/|$))[A-Za-z0-9/._~-]*$/, 'write a path such as /api, of letters, digits and / . _ ~ -, without // or /./');

export const tls = z.strictObject({
  certificate: z.string().describe('Name under the top-level `secrets`: the certificate and its chain, PEM.'),
  key: z.string().describe('Name under the top-level `secrets`: its key, PEM.'),
});

const ofCluster = z.strictObject({ secret: z.string().min(1).describe('On a cluster: a Secret of type `kubernetes.io/tls` that is in the namespace, or that others put there.') });

const one = z.strictObject({
  port: integer.describe('The port inside the instances.'),
  host_port: integer.optional().describe('A host port of its own. Without it the service shares the ports of `infrastructure.load_balancer`.'),
  host: hostName.optional().describe('Only requests for this host name.'),
  path: path.optional().describe('Only requests for this path and what is below it; default `/`. It is passed on unchanged.'),
  tls: z.union([flag, tls, ofCluster]).optional().describe('On a host port of its own: `true` for the certificate of `infrastructure.load_balancer`, or one of its own. On a cluster: `true` for the one of the Ingress controller, one of its own, or `{secret: NAME}` of the namespace.'),
  timeout: duration.optional().describe('The longest silence of an instance within an answer; default 60s.'),
});

export const exposure = z
  .union([one, z.array(one)])
  .describe('Reached from outside through the load balancer that the engine runs: a rollout moves requests from old instances to new ones, and loses none.');

export type ExposureInput = z.infer<typeof one>;

export const loadBalancer = z
  .strictObject({
    image: z.string().optional().describe('An NGINX image; default `nginx:1.28`. From 1.27.4 on idle client connections survive a change of routes; older ones keep none.'),
    http_port: integer.optional().describe('The host port that services with a host name or path share; default 80.'),
    https_port: integer.optional().describe('The same with TLS; default 443. Needs `tls`; requests to `http_port` are then sent on to it.'),
    tls: tls.optional(),
  })
  .describe('The NGINX that serves what services `expose`. It runs where there is any.');
