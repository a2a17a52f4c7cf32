import type { InstanceSpec } from '../model/instance';
import type { Manifest, ManifestOf } from './manifest';
import { networkLabel, objectLabels, podSelector, qualified, scopeLabels } from './names';

/** A PodDisruptionBudget, and a NetworkPolicy if the service is isolated. */
export function toPolicies(spec: InstanceSpec): Manifest[] {
  return spec.kind === 'job' ? [] : [...toBudget(spec), ...toNetworkPolicy(spec)];
}

function toBudget(spec: InstanceSpec): ManifestOf<'PodDisruptionBudget'>[] {
  if ((spec.workload?.replicas ?? 1) < 2 || spec.workload?.beside) return [];
  const { namespace, name } = qualified(spec.name);
  return [
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name, namespace, labels: objectLabels(spec) },
      spec: { maxUnavailable: 1, selector: { matchLabels: podSelector(spec) } },
    },
  ];
}

/**
 * Admits pods that share a network with the service, and anybody to published and exposed ports. Limited to the
 * environment, because other stacks in the namespace may have a network of the same name.
 */
function toNetworkPolicy(spec: InstanceSpec): ManifestOf<'NetworkPolicy'>[] {
  const { settings, ingress = [] } = spec.workload ?? {};
  if (!settings?.isolated) return [];
  const { namespace, name } = qualified(spec.name);
  const neighbours = spec.networks.map(({ name: network }) => ({
    podSelector: { matchLabels: { ...scopeLabels(spec), [networkLabel(network)]: 'true' } },
  }));
  const openPorts = [
    ...spec.ports.map(({ container, protocol }) => ({ port: container, protocol: protocol.toUpperCase() })),
    ...ingress.map(({ port }) => ({ port, protocol: 'TCP' })),
  ];
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name, namespace, labels: objectLabels(spec) },
      spec: {
        podSelector: { matchLabels: podSelector(spec) },
        policyTypes: ['Ingress'],
        ingress: [
          ...(neighbours.length > 0 ? [{ from: neighbours }] : []),
          ...(openPorts.length > 0 ? [{ ports: openPorts }] : []),
        ],
      },
    },
  ];
}
