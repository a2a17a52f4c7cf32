import { balancerName, type Route } from '../../model/traffic';
import type { Finding } from '../problems';
import type { Service, ServiceStrategy, Stack } from '../../model/stack';
import { runtimeOf } from '../../model/stack/runtime-of';
import { at, eachService, type Rule } from './rule';

const mostReplicas = 100;
const mostLooks = 2000;

/** The engine's own service keeps its name. */
export const balancerNameReserved: Rule = ({ file, stack }) =>
  stack.front && file.services[balancerName]
    ? [
        {
          path: ['services', balancerName],
          message: `is the name of the engine's own load balancer; choose another name`,
        },
      ]
    : [];

/** A request finds one way: no two services answer the same port, host name and path, and a port speaks TLS or not. */
export const routesDistinct: Rule = ({ stack }) => {
  const findings: Finding[] = [];
  const seen = new Map<string, Route>();
  const ports = new Map<number, Route>();
  const certificates = new Map<string, string>();
  for (const route of stack.front?.routes ?? []) {
    const service = stack.services[route.service]!;
    const place = `${route.listen} ${route.host ?? 'every host name'} ${route.path.replace(/(?<=.)\/+$/, '')}`;
    const other = seen.get(place);
    if (other)
      findings.push(
        at(
          service,
          ['expose'],
          `port ${route.listen}, ${route.host ?? 'every host name'}, path ${route.path} is served by ` +
            `${other.service} already; give one of them another host, path or host_port`,
        ),
      );
    const certificate = route.tls && certificates.get(`${route.listen} ${route.host ?? ''}`);
    if (certificate && certificate !== route.tls!.certificate)
      findings.push(
        at(
          service,
          ['expose'],
          `port ${route.listen} has two certificates for ` +
            `${route.host ?? 'every host name'}: ${certificate} and ${route.tls!.certificate}; keep one`,
        ),
      );
    if (route.tls) certificates.set(`${route.listen} ${route.host ?? ''}`, route.tls.certificate);
    const neighbour = ports.get(route.listen);
    if (neighbour && (neighbour.tls === undefined) !== (route.tls === undefined))
      findings.push(
        at(
          service,
          ['expose'],
          `port ${route.listen} speaks TLS for one of ${neighbour.service} and ${route.service}, and not for the other`,
        ),
      );
    seen.set(place, route);
    ports.set(route.listen, route);
  }
  return findings;
};

/** What the load balancer needs to reach instances. */
export const exposedReachable: Rule = eachService((service, { stack }) => {
  if (!exposes(stack, service)) return [];
  if (runtimeOf(service, stack) === 'docker' && stack.infrastructure.networkMode === 'host')
    return [
      at(
        service,
        ['expose'],
        'with network mode Host a service listens on the host itself; use Bridge, or remove expose',
      ),
    ];
  if (service.replicas > mostReplicas)
    return [
      at(
        service,
        ['replicas'],
        `shares of requests are whole per cent, so that at most ${mostReplicas} instances can be exposed`,
      ),
    ];
  return [];
});

/** Two versions side by side: refused where something of the service exists only once. */
export const strategyPossible: Rule = eachService((service, { stack }) => {
  const strategy = service.strategy as ServiceStrategy;
  if (strategy.kind === 'recreate' || service.name === balancerName) return [];
  const path = ['strategy'];
  const runtime = runtimeOf(service, stack);
  const beside = `${strategy.kind} runs old and new instances side by side`;
  const remedy = 'or use strategy: recreate';
  const fixed =
    runtime === 'kubernetes'
      ? -1
      : service.ports.findIndex(({ published }) => published && published.from === published.to);
  const volume = service.mounts.find(
    (mount) => mount.type === 'volume' && !mount.readOnly && !stack.volumes[mount.volume]?.shared,
  );
  return [
    ...(service.healthCheck
      ? []
      : [at(service, path, `${beside}, and needs a health_check to tell when a new one is ready; add one, ${remedy}`)]),
    ...(fixed >= 0
      ? [
          at(
            service,
            ['ports', fixed],
            `${beside}, and host port ${service.ports[fixed]!.published!.from} can belong to one of them only; ` +
              `expose the service through the load balancer instead, give a range of ports, ${remedy}`,
          ),
        ]
      : []),
    ...(volume?.type === 'volume'
      ? [
          at(
            service,
            path,
            `${beside}, and the volume ${volume.volume} takes one writer; say ` +
              `volumes.${volume.volume}.shared: true if the software can share it, ${remedy}`,
          ),
        ]
      : []),
    ...(runtime === 'docker' && stack.infrastructure.networkMode === 'host'
      ? [
          at(
            service,
            path,
            `${beside}, and on the network of the host both would listen on ` +
              `the same ports; use network mode Bridge, ${remedy}`,
          ),
        ]
      : []),
    ...(runtime === 'process' && !exposes(stack, service)
      ? [
          at(
            service,
            path,
            `${beside}, and a process that is not exposed is reached by a port that cannot move; expose it, ${remedy}`,
          ),
        ]
      : []),
    ...(strategy.kind === 'canary' && runtime !== 'kubernetes' && !exposes(stack, service)
      ? [
          at(
            service,
            path,
            'canary shares requests out by weight, and only what is exposed has a load ' +
              'balancer to do so; add expose, or use rolling or blue_green',
          ),
        ]
      : []),
  ];
});

/**
 * An analysis has somebody to ask, and time to do so, but not for ever: each look stays in the deployment's history.
 */
export const analysisPossible: Rule = eachService((service, { stack }) => {
  const strategy = service.strategy as ServiceStrategy;
  if (strategy.kind !== 'canary' || !strategy.analysis) return [];
  const path = ['strategy', 'canary', 'analysis'];
  const bakeMs = strategy.steps.reduce((sum, step) => sum + step.bakeMs, 0);
  const looks = Math.ceil(bakeMs / strategy.analysis.intervalMs);
  return [
    ...(stack.prometheus
      ? []
      : [
          at(
            service,
            path,
            'asks Prometheus, and the file does not say where it is; set monitoring.prometheus.endpoint',
          ),
        ]),
    ...(bakeMs === 0 ? [at(service, path, 'never looks, for no step bakes; give a step a bake')] : []),
    ...(looks > mostLooks
      ? [at(service, path, `would look ${looks} times, and ${mostLooks} are the most; give it a longer interval`)]
      : []),
  ];
});

function exposes({ front }: Stack, { name }: Service): boolean {
  return front?.routes.some(({ service }) => service === name) ?? false;
}
