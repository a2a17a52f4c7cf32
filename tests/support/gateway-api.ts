import { setTimeout as sleep } from 'node:timers/promises';
import { ApiextensionsV1Api, CustomObjectsApi } from '@kubernetes/client-node';
import { clusterConfig } from './cluster';
import { eventually } from './eventually';

const group = 'gateway.networking.k8s.io';

/**
 * Lets the cluster know routes of the Gateway API where it does not: by a definition that takes whatever comes. Nothing
 * acts on them, as nothing does before a controller has seen one.
 */
export async function ensureHttpRoutes(): Promise<void> {
  const api = clusterConfig().makeApiClient(ApiextensionsV1Api);
  const name = `httproutes.${group}`;
  const isThere = () =>
    api.readCustomResourceDefinition({ name }).then(
      ({ status }) =>
        status?.conditions?.some(({ type, status: holds }) => type === 'Established' && holds === 'True') ?? false,
      () => undefined,
    );
  if ((await isThere()) === undefined) {
    await api.createCustomResourceDefinition({
      body: {
        metadata: {
          name,
          annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api/pull/2997' },
        },
        spec: {
          group,
          scope: 'Namespaced',
          names: { kind: 'HTTPRoute', plural: 'httproutes', singular: 'httproute', listKind: 'HTTPRouteList' },
          versions: [
            {
              name: 'v1',
              served: true,
              storage: true,
              subresources: { status: {} },
              schema: { openAPIV3Schema: { type: 'object', x_kubernetes_preserve_unknown_fields: true } },
            },
          ],
        },
      },
    });
  }
  await eventually(async () => expect(await isThere()).toBe(true));
}

interface Route {
  metadata: { name: string; generation: number };
  spec: { parentRefs: { name: string; namespace?: string }[]; hostnames?: string[] };
  status?: { parents?: { conditions: { observedGeneration: number }[] }[] };
}

/**
 * Says of the routes of a namespace what a Gateway's controller says, half a second late: it takes those of a host
 * name, and lets nothing in.
 */
export class GatewayController {
  private readonly over = new AbortController();
  private readonly done: Promise<void>;

  constructor(
    private readonly namespace: string,
    private readonly host: string,
  ) {
    this.done = this.run();
  }

  async stop(): Promise<void> {
    this.over.abort();
    await this.done;
  }

  private async run(): Promise<void> {
    const api = clusterConfig().makeApiClient(CustomObjectsApi);
    const routes = { group, version: 'v1', plural: 'httproutes', namespace: this.namespace };
    while (!this.over.signal.aborted) {
      const { items } = (await api.listNamespacedCustomObject(routes)) as { items: Route[] };
      await sleep(500);
      for (const { metadata, spec, status } of items) {
        if (status?.parents?.[0]?.conditions[0]!.observedGeneration === metadata.generation) continue;
        const isTaken = spec.hostnames?.includes(this.host) ?? false;
        const condition = {
          type: 'Accepted',
          status: isTaken ? 'True' : 'False',
          reason: isTaken ? 'Accepted' : 'NoMatchingListenerHostname',
          message: isTaken ? '' : 'no listener of that name',
          observedGeneration: metadata.generation,
          lastTransitionTime: new Date().toISOString(),
        };
        const parents = spec.parentRefs.map((parentRef) => ({
          parentRef,
          controllerName: 'example.com/controller',
          conditions: [condition],
        }));
        await api
          .patchNamespacedCustomObjectStatus({
            ...routes,
            name: metadata.name,
            body: [{ op: 'add', path: '/status', value: { parents } }],
          })
          .catch(() => undefined);
      }
    }
  }
}
