import { setTimeout as sleep } from 'node:timers/promises';
import type { Scope } from '../../runtime';
import type { KubernetesApi } from '../api';
import { hasScope } from '../ownership';
import { monotonicMs } from '../../../guard/monotonic';

/** A route with its status for each Gateway, as reported by controllers of the Gateway API. */
interface Route {
  metadata?: { generation?: number; labels?: Record<string, string> };
  status?: { parents?: Parent[] };
}

interface Parent {
  parentRef: { namespace?: string; name: string };
  conditions?: { type: string; status: string; reason?: string; message?: string; observedGeneration?: number }[];
}

/** A running controller notices a change of a known route within this time. */
const seenWithinMs = 5000;
const pollMs = 200;

/**
 * Why a Gateway refuses one of the routes; undefined if all are accepted, or no controller has reported on them, as
 * there may be none.
 */
export async function refusedRoute(
  api: KubernetesApi,
  scope: Scope,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const deadline = monotonicMs() + seenWithinMs; ; await sleep(pollMs, undefined, { signal })) {
    const found = await Promise.all(paths.map((path) => api.find<Route>(path)));
    const routes = found.filter((route) => hasScope(route?.metadata?.labels, scope));
    const reports = routes.flatMap((route) =>
      (route?.status?.parents ?? []).map((parent) => reportOf(parent, route?.metadata?.generation ?? 0)),
    );
    const refusal = reports.find((report) => report !== undefined && report !== 'unseen');
    if (refusal !== undefined || !reports.includes('unseen') || monotonicMs() > deadline) return refusal;
  }
}

/** The report of a Gateway on a generation of a route: the reason for a refusal, undefined if accepted, or `unseen`. */
function reportOf({ parentRef: { namespace, name }, conditions = [] }: Parent, generation: number): string | undefined {
  const accepted = conditions.find(({ type }) => type === 'Accepted');
  if (!accepted || (accepted.observedGeneration ?? 0) < generation) return 'unseen';
  return accepted.status === 'False'
    ? 'is not accepted by the Gateway ' +
        `${namespace === undefined ? name : `${namespace}/${name}`} ` +
        `(${accepted.reason ?? 'no reason'}): ${accepted.message ?? ''}`
    : undefined;
}
