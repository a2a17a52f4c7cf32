import { IPv4, IPv6, isValidCIDR, parseCIDR } from 'ipaddr.js';
import { z } from 'zod';
import { isDirectoryUrl } from '../../model/certificates';
import { named } from './named';
import { duration, flag, integer } from './values';

/** Both are written into the NGINX configuration verbatim. */
const hostName = named('hostname');
const path = named('path');

export const tls = z.strictObject({
  certificate: z
    .string()
    .describe('Name under the top-level `secrets`: the certificate with its chain, in PEM format.'),
  key: z.string().describe('Name under the top-level `secrets`: the private key, in PEM format.'),
});

const longestEmail = 254;
const longestDirectory = 500;

/** Directory of a CA: a word, or a plain https URL. */
const directory = z
  .string()
  .max(longestDirectory)
  .refine(isDirectory, 'write production, staging, or the https URL of the directory of a CA');

function isDirectory(text: string): boolean {
  return text === 'production' || text === 'staging' || isDirectoryUrl(text);
}

const automatic = z.strictObject({
  auto: z.literal(true).describe('Get the certificate by ACME.'),
  email: z
    .string()
    .max(longestEmail)
    .regex(/^[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/, 'write an address such as ops@example.com')
    .optional()
    .describe('Address that the CA may write to.'),
  directory: directory
    .optional()
    .describe(
      "`production` or `staging` of Let's Encrypt, or the https URL of the directory of another CA; default: that of " +
        'the worker, `DEPLOY_CODE_ACME_DIRECTORY`, otherwise `production`.',
    ),
});

const ofCluster = z.strictObject({
  secret: named('object').describe(
    'On a cluster: a Secret of type `kubernetes.io/tls` in the namespace, which the engine does not create.',
  ),
});

const one = z.strictObject({
  port: integer.describe('Port inside the instances.'),
  host_port: integer
    .optional()
    .describe(
      'Dedicated host port. Without it, the service shares the ports of ' +
        '`infrastructure.load_balancer`. Not on Kubernetes.',
    ),
  host: hostName.optional().describe('Route only requests for this host name.'),
  path: path
    .optional()
    .describe('Route only requests for this path and below; default `/`. The path is passed on unchanged.'),
  tls: z
    .union([flag, tls, ofCluster])
    .optional()
    .describe(
      'With `host_port`: `true` for the certificate of `infrastructure.load_balancer`, or a dedicated ' +
        'certificate. On a cluster: `true` for the certificate of the Ingress controller, a dedicated ' +
        'certificate, or `{secret: NAME}` in the namespace; with `infrastructure.kubernetes.gateway`, the ' +
        'Gateway terminates TLS instead.',
    ),
  timeout: duration
    .optional()
    .describe('Longest silence of an instance during a response; default 60s. Not on Kubernetes.'),
});

export const exposure = z
  .union([one, z.array(one)])
  .describe(
    'Make the service reachable from outside: one route, or a list. On Docker and for processes, the engine ' +
      'runs an NGINX load balancer. On Kubernetes, the service gets an Ingress, or an HTTPRoute if ' +
      '`infrastructure.kubernetes.gateway` is set. A rollout moves requests from old to new instances ' +
      'without losing any.',
  );

export type ExposureInput = z.infer<typeof one>;

const network = z.string().refine(isNetwork, 'write a network such as 10.0.0.0/8, without host bits');

/** The text is written into the NGINX configuration verbatim. */
function isNetwork(text: string): boolean {
  if (!/^[0-9a-f.:]+\/\d{1,3}$/i.test(text) || !isValidCIDR(text)) return false;
  const [address, bits] = parseCIDR(text);
  const first = address.kind() === 'ipv4' ? IPv4.networkAddressFromCIDR(text) : IPv6.networkAddressFromCIDR(text);
  return bits >= 0 && first.toString() === address.toString();
}

export const loadBalancer = z
  .strictObject({
    image: named('image')
      .optional()
      .describe(
        'NGINX image; default `nginx:1.28`. From 1.27.4 on, idle client connections survive route ' +
          'changes; older versions keep no idle connections.',
      ),
    http_port: integer
      .optional()
      .describe(
        'Host port shared by exposed services without `host_port`; default 80. With `tls`, they share ' +
          '`https_port` instead.',
      ),
    https_port: integer
      .optional()
      .describe(
        'With `tls`: host port shared by exposed services without `host_port`; default 443. `http_port` ' +
          'redirects to it, unless a service has that port as its `host_port`. No effect without `tls`.',
      ),
    tls: z
      .union([z.literal('auto'), automatic, tls])
      .optional()
      .describe(
        'Certificate of `https_port`, and of services with `tls: true`: a `certificate` and its `key`, or `auto` for ' +
          "one that the engine gets from Let's Encrypt and renews (Docker only; each `expose` with TLS then needs a " +
          '`host`, and `http_port` must be reachable as port 80 of it).',
      ),
    shared: flag
      .optional()
      .describe(
        'Share `http_port` (and with `tls` also `https_port`) with other stacks and environments on the same Docker ' +
          'host: one load balancer of the engine publishes the port, and passes requests on by host name and path ' +
          '(with TLS by host name). Each `expose` without `host_port` then needs a `host`. Docker only.',
      ),
    trusted_proxies: z
      .array(network)
      .max(100)
      .optional()
      .describe(
        'Networks of trusted proxies in front of the load balancer, such as `10.0.0.0/8`. Their ' +
          '`X-Forwarded-*` headers are passed on; those of all other clients are overwritten.',
      ),
  })
  .describe('NGINX load balancer for services with `expose`. It runs only if there are any.');
