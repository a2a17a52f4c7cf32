import type { KubernetesApi } from './api';

/** As the Gateway API's controllers report on a route, for each Gateway that it wants to be on. */
interface RouteStatus {
  metadata?: { generation?: number };
  status?: { parents?: { parentRef: { namespace?: string; name: string }; conditions?: { type: string; status: string; reason?: string; message?: string; observedGeneration?: number }[] }[] };
}

/**
 * Why a Gateway does not take a route, of those whose paths are named; nothing where they are taken, and where nobody has said anything: who shall
 * know whether a controller will come.
 */
export async function refusedRoute(api: KubernetesApi, paths: readonly string[]): Promise<string | undefined> {
  const routes = await Promise.all(paths.map((path) => api.find<RouteStatus>(path)));
  const [refusal] = routes.flatMap((route) => (route?.status?.parents ?? []).flatMap(({ parentRef, conditions = [] }) => {
    const accepted = conditions.find(({ type }) => type === 'Accepted');
    const isOfNow = (accepted?.observedGeneration ?? 0) >= (route?.metadata?.generation ?? 0);
    return accepted?.status === 'False' && isOfNow ? [`is not taken by the Gateway ${[parentRef.namespace ?? [], parentRef.name].flat().join('/')} (${accepted.reason ?? 'no reason'}): ${accepted.message ?? ''}`] : [];
  }));
  return refusal;
}
