import type { InstanceSpec } from '../../model/instance';
import type { Manifest, ManifestOf } from '../manifest';
import { objectLabels, podSelector, qualified } from '../names';
import { holdsData } from '../workload/volumes';

/** What nodes give to services, unless the cluster is set up otherwise. */
const nodePorts = { from: 30_000, to: 32_767 };

export function isNodePort(port: number): boolean {
  return port >= nodePorts.from && port <= nodePorts.to;
}

/**
 * By what other services reach a service: its name. What is next has a name for tests, a canary one for the share that
 * a Gateway gives it.
 */
export function toReach(spec: InstanceSpec): Manifest[] {
  const { beside } = spec.workload ?? {};
  if (spec.kind === 'job' || (beside === 'canary' && !takesShare(spec))) return [];
  if (beside) return [toService(spec, qualified(spec.name).name)];
  return namesOf(spec).map((name) => toService(spec, name));
}

/** Whether a Gateway gives a canary a share of the requests, instead of its part of the pods. */
export function takesShare({ workload }: Pick<InstanceSpec, 'workload'>): boolean {
  return workload?.settings.gateway !== undefined && workload.ingress.length > 0;
}

/** Whether a service's name leads to an address of its own, instead of to its pods themselves. */
export function hasAddress(spec: InstanceSpec): boolean {
  return portsOf(spec, false).length > 0 && (spec.ports.length > 0 || !holdsData(spec));
}

/** Its own name, and those that networks know it by. */
function namesOf(spec: InstanceSpec): string[] {
  return [...new Set([qualified(spec.name).name, ...spec.networks.flatMap(({ aliases }) => aliases)])];
}

/**
 * Ports that the stack file names are told to the cluster, which then gives the name an address of its own; where it
 * names none, and for what holds data, the name leads to the pods themselves, at any port.
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
 * A published port is the service's own, beside the container's; of nodes too where these are asked to listen, and may.
 * A port of nodes belongs to one Service: to that of the service's own name, not to its aliases nor to what runs beside
 * it.
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
