import { setTimeout as sleep } from 'node:timers/promises';
import type { Scope } from '../../runtime';
import type { KubernetesApi } from '../api';
import { hasScope } from '../ownership';
import { monotonicMs } from '../../../guard/monotonic';

/** As the Gateway API's controllers report on a route, for each Gateway that it wants to be on. */
interface Route {
  metadata?: { generation?: number; labels?: Record<string, string> };
  status?: { parents?: Parent[] };
}

interface Parent {
  parentRef: { namespace?: string; name: string };
  conditions?: { type: string; status: string; reason?: string; message?: string; observedGeneration?: number }[];
}

/** A controller that has seen a route before sees its changes within this time, if it is there at all. */
const seenWithinMs = 5000;
const lookMs = 200;

/**
 * Why a Gateway does not take a route, of those whose paths are named; nothing where they are taken, and where nobody
 * has said anything: who shall know whether a controller will come.
 */
export async function refusedRoute(
  api: KubernetesApi,
  scope: Scope,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const deadline = monotonicMs() + seenWithinMs; ; await sleep(lookMs, undefined, { signal })) {
    const found = await Promise.all(paths.map((path) => api.find<Route>(path)));
    const routes = found.filter((route) => hasScope(route?.metadata?.labels, scope));
    const words = routes.flatMap((route) =>
      (route?.status?.parents ?? []).map((parent) => wordOf(parent, route?.metadata?.generation ?? 0)),
    );
    const refusal = words.find((word) => word !== undefined && word !== 'unseen');
    if (refusal !== undefined || !words.includes('unseen') || monotonicMs() > deadline) return refusal;
  }
}

/**
 * What a Gateway says of a generation of a route: why it does not take it, nothing where it does, or that it has not
 * seen it yet.
 */
function wordOf({ parentRef: { namespace, name }, conditions = [] }: Parent, generation: number): string | undefined {
  const accepted = conditions.find(({ type }) => type === 'Accepted');
  if (!accepted || (accepted.observedGeneration ?? 0) < generation) return 'unseen';
  return accepted.status === 'False'
    ? 'is not taken by the Gateway ' +
        `${namespace === undefined ? name : `${namespace}/${name}`} ` +
        `(${accepted.reason ?? 'no reason'}): ${accepted.message ?? ''}`
    : undefined;
}
