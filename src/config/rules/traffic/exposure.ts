import { withoutEndingSlash } from '../../../model/text/path';
import { balancerName, isAutomatic, type Route } from '../../../model/traffic';
import type { Finding } from '../../problems';
import type { Service, ServiceStrategy, Stack } from '../../../model/stack';
import { runtimeOf } from '../../../model/stack/runtime-of';
import { at, eachService, type Rule } from '../rule';

const mostReplicas = 100;
const mostEvaluations = 2000;

/** Reserves the name of the load balancer that the engine adds. */
export const balancerNameReserved: Rule = ({ file, stack }) =>
  stack.front && file.services[balancerName]
    ? [
        {
          path: ['services', balancerName],
          message: `is the name of the engine's own load balancer; choose another name`,
        },
      ]
    : [];

/** Each port, host name and path has one service; each port has TLS for all its routes or none. */
export const routesDistinct: Rule = ({ stack }) => {
  const findings: Finding[] = [];
  const seen = new Map<string, Route>();
  const ports = new Map<number, Route>();
  const certificates = new Map<string, string>();
  for (const route of stack.front?.routes ?? []) {
    const service = stack.services[route.service]!;
    const place = `${route.listen} ${route.host ?? 'every host name'} ${withoutEndingSlash(route.path)}`;
    const other = seen.get(place);
    if (other)
      findings.push(
        at(
          service,
          ['expose'],
          `port ${route.listen}, ${route.host ?? 'every host name'}, path ${route.path} is already served by ` +
            `${other.service}; give one of them another host, path or host_port`,
        ),
      );
    const certificate = route.tls && certificates.get(`${route.listen} ${route.host ?? ''}`);
    if (certificate && certificate !== nameOf(route.tls))
      findings.push(
        at(
          service,
          ['expose'],
          `port ${route.listen} has two certificates for ` +
            `${route.host ?? 'every host name'}: ${certificate} and ${nameOf(route.tls)}; keep one`,
        ),
      );
    if (route.tls) certificates.set(`${route.listen} ${route.host ?? ''}`, nameOf(route.tls));
    const neighbour = ports.get(route.listen);
    if (neighbour && (neighbour.tls === undefined) !== (route.tls === undefined))
      findings.push(
        at(
          service,
          ['expose'],
          `port ${route.listen} has TLS for only one of ${neighbour.service} and ${route.service}; ` +
            'give one of them another host_port, or both tls',
        ),
      );
    seen.set(place, route);
    ports.set(route.listen, route);
  }
  return findings;
};

function nameOf(tls: Route['tls']): string {
  return tls === undefined || isAutomatic(tls) ? 'the one of tls: auto' : tls.certificate;
}

/** The load balancer must be able to reach the instances. */
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
        `is more than ${mostReplicas}, the limit for an exposed service (weights are whole per cent); lower it`,
      ),
    ];
  return [];
});

/** Rejects strategies that run two versions side by side if the service has a resource that only one can use. */
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
      : [
          at(
            service,
            path,
            `${beside}, so it needs a health_check to know when a new one is ready; add one, ${remedy}`,
          ),
        ]),
    ...(fixed >= 0
      ? [
          at(
            service,
            ['ports', fixed],
            `${beside}, but only one of them can have host port ${service.ports[fixed]!.published!.from}; ` +
              `expose the service through the load balancer instead, write a range of ports, ${remedy}`,
          ),
        ]
      : []),
    ...(volume?.type === 'volume'
      ? [
          at(
            service,
            path,
            `${beside}, but the volume ${volume.volume} may have one writer only; set ` +
              `volumes.${volume.volume}.shared: true if the software can share it, ${remedy}`,
          ),
        ]
      : []),
    ...(runtime === 'docker' && stack.infrastructure.networkMode === 'host'
      ? [
          at(
            service,
            path,
            `${beside}, but on the network of the host both would listen on ` +
              `the same ports; use network mode Bridge, ${remedy}`,
          ),
        ]
      : []),
    ...(runtime === 'process' && !exposes(stack, service)
      ? [at(service, path, `${beside}, but a process that is not exposed has a fixed port; add expose, ${remedy}`)]
      : []),
    ...(strategy.kind === 'canary' && runtime !== 'kubernetes' && !exposes(stack, service)
      ? [
          at(
            service,
            path,
            'canary splits requests by weight, which needs a load balancer; add expose, or use rolling or blue_green',
          ),
        ]
      : []),
  ];
});

/**
 * An analysis needs a Prometheus server and a bake. The number of evaluations is limited, because each one adds events
 * to the history of the workflow.
 */
export const analysisPossible: Rule = eachService((service, { stack }) => {
  const strategy = service.strategy as ServiceStrategy;
  if (strategy.kind !== 'canary' || !strategy.analysis) return [];
  const path = ['strategy', 'canary', 'analysis'];
  const bakeMs = strategy.steps.reduce((sum, step) => sum + step.bakeMs, 0);
  const evaluations = Math.ceil(bakeMs / strategy.analysis.intervalMs);
  return [
    ...(stack.prometheus ? [] : [at(service, path, 'needs a Prometheus server; set monitoring.prometheus.endpoint')]),
    ...(bakeMs === 0 ? [at(service, path, 'never runs, because no step has a bake; add bake to a step')] : []),
    ...(evaluations > mostEvaluations
      ? [
          at(
            service,
            path,
            `would run ${evaluations} times, more than the limit of ${mostEvaluations}; use a longer interval`,
          ),
        ]
      : []),
  ];
});

function exposes({ front }: Stack, { name }: Service): boolean {
  return front?.routes.some(({ service }) => service === name) ?? false;
}
