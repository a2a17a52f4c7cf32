import { defineQuery, defineUpdate } from '@temporalio/workflow';
import type { HostPlace } from '../../../model/host';
import type { RouteClaim, RouteSettlement, SharedClaim, SharedRoute } from '../../../model/traffic';
import type { TakenRoute } from '../../../plan/traffic/shared-routes';
import { fields, listOf, named, optional, partOf } from '../shape';

/** Messages between deployments and the workflow of a host's shared load balancer. */

/** Id of the workflow of the shared load balancer. */
export const sharedBalancerId = ({ runtime }: Pick<HostPlace, 'runtime'>): string => `load-balancer/${runtime}`;

export interface SharedBalancerState {
  /** Ports that it publishes, or may publish. */
  ports: number[];
  claims: SharedClaim[];
}

/** `taken`: routes of others; nothing was claimed then. `problem`: why the shared load balancer does not serve yet. */
export interface ClaimAnswer {
  taken: TakenRoute[];
  problem?: string;
}

const routes = listOf(
  partOf<SharedRoute>({
    port: 'count',
    host: named('hostname'),
    path: named('path'),
    timeoutMs: 'count',
    tls: optional('flag'),
  }),
);
const owner = { stack: named('stack'), environment: named('environment') } as const;

export const routeClaim = partOf<RouteClaim>({ ...owner, workflowId: 'deployment', routes });
export const routeSettlement = partOf<RouteSettlement>({
  ...owner,
  workflowId: 'deployment',
  routes: optional(routes),
});
export const sharedBalancerState = partOf<SharedBalancerState>({
  ports: listOf('count'),
  claims: listOf(fields({ ...owner, routes, held: optional(fields({ workflowId: 'deployment', routes })) })),
});

export const sharedBalancerQuery = defineQuery<SharedBalancerState>('state');
export const claimRoutesUpdate = defineUpdate<ClaimAnswer, [RouteClaim]>('claim');
/** Resolves with the reason if the shared load balancer does not serve the routes yet. */
export const settleRoutesUpdate = defineUpdate<string | undefined, [RouteSettlement]>('settle');
