import { sharedNetwork, type Front } from '../../../model/traffic';
import { outsideClusters } from '../../../model/stack/runtime-of';
import type { Finding } from '../../problems';
import { at, type Rule } from '../rule';

const path = ['infrastructure', 'load_balancer', 'shared'];

/** The shared load balancer tells environments apart by host name, and runs on the one Docker Engine of the worker. */
export const sharedBalancerPossible: Rule = ({ file, stack }) => {
  const { load_balancer: settings } = file.infrastructure ?? {};
  if (!settings?.shared) return [];
  if (outsideClusters(stack.runtime) !== 'docker' || stack.runtime === 'kubernetes')
    return [
      { path, message: 'is for Docker only: a cluster shares its ports by Ingress, and processes do not; remove it' },
    ];
  return [
    ...(stack.hosts ? [{ path, message: 'does not work with infrastructure.hosts yet; remove one of them' }] : []),
    ...(settings.trusted_proxies
      ? [
          {
            path,
            message: 'does not work with trusted_proxies: the port is not of this stack alone; remove one of them',
          },
        ]
      : []),
    ...reservedNetwork(file.networks ?? {}),
    ...Object.values(stack.services).flatMap((service): Finding[] => {
      const unnamed = stack.front?.routes.some(
        ({ service: of, listen, host }) => of === service.name && isShared(listen, stack.front?.shared) && !host,
      );
      const message =
        'needs a host: the shared load balancer tells stacks apart by host name; ' +
        'add host: shop.example.com, or give it a host_port of its own';
      return unnamed ? [at(service, ['expose'], message)] : [];
    }),
    ...Object.entries(file.services).flatMap(([name, { networks = [] }]): Finding[] => {
      const keys = Array.isArray(networks) ? networks : Object.keys(networks);
      const message = 'is the network of the shared load balancer, which no service may join; choose another one';
      return keys.includes(sharedNetwork) ? [{ path: ['services', name, 'networks'], message }] : [];
    }),
  ];
};

function isShared(listen: number, shared: Front['shared']): boolean {
  return listen === shared?.port || listen === shared?.tlsPort;
}

function reservedNetwork(networks: object): Finding[] {
  const message = 'is the name of a network that the engine adds for load_balancer.shared; choose another name';
  return sharedNetwork in networks ? [{ path: ['networks', sharedNetwork], message }] : [];
}
