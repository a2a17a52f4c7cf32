import { IPv4, IPv6, isValidCIDR, parseCIDR } from 'ipaddr.js';
import { z } from 'zod';
import { named } from './named';
import { duration, flag, integer } from './values';

/** Both stand in NGINX's configuration as they are. */
const hostName = named('hostname');
const path = named('path');

export const tls = z.strictObject({
  certificate: z.string().describe('Name under the top-level `secrets`: the certificate and its chain, PEM.'),
  key: z.string().describe('Name under the top-level `secrets`: its key, PEM.'),
});

const ofCluster = z.strictObject({
  secret: named('object').describe(
    'On a cluster: a Secret of type `kubernetes.io/tls` that is in the namespace, or that others put there.',
  ),
});

const one = z.strictObject({
  port: integer.describe('The port inside the instances.'),
  host_port: integer
    .optional()
    .describe('A host port of its own. Without it the service shares the ports of `infrastructure.load_balancer`.'),
  host: hostName.optional().describe('Only requests for this host name.'),
  path: path
    .optional()
    .describe('Only requests for this path and what is below it; default `/`. It is passed on unchanged.'),
  tls: z
    .union([flag, tls, ofCluster])
    .optional()
    .describe(
      'On a host port of its own: `true` for the certificate of `infrastructure.load_balancer`, or one of its ' +
        'own. On a cluster: `true` for the one of the Ingress controller, one ' +
        'of its own, or `{secret: NAME}` of the namespace.',
    ),
  timeout: duration.optional().describe('The longest silence of an instance within an answer; default 60s.'),
});

export const exposure = z
  .union([one, z.array(one)])
  .describe(
    'Reached from outside through the load balancer that the engine runs: a rollout ' +
      'moves requests from old instances to new ones, and loses none.',
  );

export type ExposureInput = z.infer<typeof one>;

const network = z.string().refine(isNetwork, 'write a network such as 10.0.0.0/8, without bits of a host in it');

/** It stands in NGINX's configuration as it is. */
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
        'An NGINX image; default `nginx:1.28`. From 1.27.4 on idle client ' +
          'connections survive a change of routes; older ones keep none.',
      ),
    http_port: integer.optional().describe('The host port that services with a host name or path share; default 80.'),
    https_port: integer
      .optional()
      .describe('The same with TLS; default 443. Needs `tls`; requests to `http_port` are then sent on to it.'),
    tls: tls.optional(),
    trusted_proxies: z
      .array(network)
      .max(100)
      .optional()
      .describe(
        'Networks of proxies in front of this one, such as `10.0.0.0/8`: what they say in ' +
          '`X-Forwarded-*` headers is passed on. From anybody else these headers are overwritten.',
      ),
  })
  .describe('The NGINX that serves what services `expose`. It runs where there is any.');
