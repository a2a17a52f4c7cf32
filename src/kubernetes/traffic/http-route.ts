import type { IngressRoute, InstanceSpec } from '../../model/instance';
import type { ManifestOf } from '../manifest';
import { objectLabels, qualified } from '../names';

/** The HTTPRoutes of a service on the Gateway of the stack, one per host name. */
export function toHttpRoutes(spec: InstanceSpec, gateway: string): ManifestOf<'HTTPRoute'>[] {
  const { namespace, name } = qualified(spec.name);
  const parent = parentOf(gateway);
  return [...byHost(spec.workload?.ingress ?? [])].map(([host, routes], index) => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: index === 0 ? name : `${name}-route-${index + 1}`, namespace, labels: objectLabels(spec) },
    spec: {
      parentRefs: [parent],
      ...(host !== '' && { hostnames: [host] }),
      rules: routes.map(({ path, port }) => ({
        matches: [{ path: { type: 'PathPrefix', value: path } }],
        backendRefs: [{ name, port, weight: 100 }],
      })),
    },
  }));
}

/** The route with a share of its requests, in per cent, sent to another service. */
export function withShare(route: ManifestOf<'HTTPRoute'>, service: string, share: number): ManifestOf<'HTTPRoute'> {
  const rules = route.spec.rules.map((rule) => ({
    ...rule,
    backendRefs: rule.backendRefs.flatMap((own) => [
      { ...own, weight: 100 - share },
      { ...own, name: service, weight: share },
    ]),
  }));
  return { ...route, spec: { ...route.spec, rules } };
}

function parentOf(gateway: string): { name: string; namespace?: string } {
  const [namespace, name] = gateway.split('/');
  return name === undefined ? { name: gateway } : { namespace, name };
}

function byHost(routes: readonly IngressRoute[]): Map<string, IngressRoute[]> {
  const groups = new Map<string, IngressRoute[]>();
  for (const route of routes) groups.set(route.host ?? '', [...(groups.get(route.host ?? '') ?? []), route]);
  return groups;
}
