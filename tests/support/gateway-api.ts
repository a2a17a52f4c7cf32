import { ApiextensionsV1Api } from '@kubernetes/client-node';
import { clusterConfig } from './cluster';
import { eventually } from './eventually';

const group = 'gateway.networking.k8s.io';

/**
 * Lets the cluster know routes of the Gateway API where it does not: by a definition that takes whatever comes. Nothing acts on them, as nothing
 * does before a controller has seen one.
 */
export async function ensureHttpRoutes(): Promise<void> {
  const api = clusterConfig().makeApiClient(ApiextensionsV1Api);
  const name = `httproutes.${group}`;
  const isThere = () => api.readCustomResourceDefinition({ name }).then(({ status }) => status?.conditions?.some(({ type, status: holds }) => type === 'Established' && holds === 'True') ?? false, () => undefined);
  if ((await isThere()) === undefined) {
    await api.createCustomResourceDefinition({ body: {
      metadata: { name, annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api/pull/2997' } },
      spec: {
        group, scope: 'Namespaced', names: { kind: 'HTTPRoute', plural: 'httproutes', singular: 'httproute', listKind: 'HTTPRouteList' },
        versions: [{ name: 'v1', served: true, storage: true, subresources: { status: {} }, schema: { openAPIV3Schema: { type: 'object', x_kubernetes_preserve_unknown_fields: true } } }],
      },
    } });
  }
  await eventually(async () => expect(await isThere()).toBe(true));
}
