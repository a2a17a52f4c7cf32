import type { InstanceSpec } from '../model/instance';
import type { Manifest, ManifestOf } from './manifest';
import { networkLabel, objectLabels, podSelector, qualified, scopeLabels } from './names';

/** What holds the cluster back: from taking too many pods of a service at once, and from letting others in. */
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
 * Only pods of the same environment that share a network reach it: other stacks of the namespace can have a network of
 * that name; what is published or exposed everybody reaches, at those ports.
 */
function toNetworkPolicy(spec: InstanceSpec): ManifestOf<'NetworkPolicy'>[] {
  const { settings, ingress = [] } = spec.workload ?? {};
  if (!settings?.isolated) return [];
  const { namespace, name } = qualified(spec.name);
  const neighbours = spec.networks.map(({ name: network }) => ({
    podSelector: { matchLabels: { ...scopeLabels(spec), [networkLabel(network)]: 'true' } },
  }));
  const open = [
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
          ...(open.length > 0 ? [{ ports: open }] : []),
        ],
      },
    },
  ];
}
