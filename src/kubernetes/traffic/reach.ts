import type { InstanceSpec } from '../../model/instance';
import type { Manifest, ManifestOf } from '../manifest';
import { objectLabels, podSelector, qualified } from '../names';
import { holdsData } from '../workload/volumes';

/** The default range of node ports of a cluster. */
const nodePorts = { from: 30_000, to: 32_767 };

export function isNodePort(port: number): boolean {
  return port >= nodePorts.from && port <= nodePorts.to;
}

/** The Services of a service. A workload `next` has one for its tests, a `canary` one for its share of a Gateway. */
export function toServices(spec: InstanceSpec): Manifest[] {
  const { beside } = spec.workload ?? {};
  if (spec.kind === 'job' || (beside === 'canary' && !takesShare(spec))) return [];
  if (beside) return [toService(spec, qualified(spec.name).name)];
  return namesOf(spec).map((name) => toService(spec, name));
}

/** True if a Gateway gives a canary its share of the requests; else its share of the pods decides. */
export function takesShare({ workload }: Pick<InstanceSpec, 'workload'>): boolean {
  return workload?.settings.gateway !== undefined && workload.ingress.length > 0;
}

/** True if the Service has a cluster IP; false if its name resolves to its pods. */
export function hasAddress(spec: InstanceSpec): boolean {
  return portsOf(spec, false).length > 0 && (spec.ports.length > 0 || !holdsData(spec));
}

/** Its own name and its network aliases. */
function namesOf(spec: InstanceSpec): string[] {
  return [...new Set([qualified(spec.name).name, ...spec.networks.flatMap(({ aliases }) => aliases)])];
}

/**
 * A Service with the ports of the stack file has a cluster IP. Without ports, and for services that hold data, it is
 * headless: the name resolves to the pods, on any port.
 */
function toService(spec: InstanceSpec, name: string): ManifestOf<'Service'> {
  const { namespace } = qualified(spec.name);
  const opensNodes =
    spec.workload?.settings.serviceType === 'NodePort' && !spec.workload.beside && name === qualified(spec.name).name;
  const ports = portsOf(spec, opensNodes);
  const isHeadless = !hasAddress(spec);
  const { serviceType = 'ClusterIP' } = spec.workload?.settings ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels: objectLabels(spec) },
    spec: {
      selector: podSelector(spec),
      ...(isHeadless ? { clusterIP: 'None' } : { type: spec.ports.length > 0 ? serviceType : 'ClusterIP' }),
      ...(ports.length > 0 && { ports }),
    },
  };
}

/**
 * Published ports are ports of the Service, besides those of the container, and node ports too if nodes are to listen
 * and the port is in their range. A node port belongs to one Service only: that with the service's own name.
 */
function portsOf(
  { ports, healthCheck, workload }: InstanceSpec,
  opensNodes: boolean,
): { name: string; port: number; targetPort: number; protocol: string; nodePort?: number }[] {
  const ofNodes = new Set(
    opensNodes ? ports.filter(({ host }) => isNodePort(host)).map(({ host, protocol }) => `${protocol}-${host}`) : [],
  );
  const named = ports.flatMap(({ container, host, protocol }) => [
    { port: container, target: container, protocol },
    { port: host, target: container, protocol },
  ]);
  const { probe } = healthCheck ?? {};
  const probed =
    probe?.kind === 'http' || probe?.kind === 'tcp'
      ? [{ port: probe.port, target: probe.port, protocol: 'tcp' as const }]
      : [];
  const exposed = (workload?.ingress ?? []).map(({ port }) => ({ port, target: port, protocol: 'tcp' as const }));
  const distinct = new Map(
    [...named, ...probed, ...exposed]
      .filter(({ port }) => port > 0)
      .map((each) => [`${each.protocol}-${each.port}`, each]),
  );
  return [...distinct].map(([name, { port, target, protocol }]) => ({
    name,
    port,
    targetPort: target,
    protocol: protocol.toUpperCase(),
    ...(ofNodes.has(name) && { nodePort: port }),
  }));
}
