import type { RuntimeName } from '../../model/runtimes';
import { abortable } from '../../guard/timers';
import { capability } from '../../runtimes/runtime';
import { withHeartbeat } from '../heartbeat';
import { initialMounts, startingPair } from '../certificates/pairs';
import { balancerOf } from './balancer';
import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { drain } from './drain';
import { SharedBalancers } from './shared-balancer';
import { watchShared } from './watch-shared';

type TrafficActivities = Pick<
  Activities,
  | 'attachInstance'
  | 'routeTraffic'
  | 'configureBalancer'
  | 'drainInstance'
  | 'claimRoutes'
  | 'settleRoutes'
  | 'applySharedBalancer'
  | 'watchSharedBalancer'
>;

/** Activities on the load balancer and on network names. */
export function trafficActivities({ runtimes, directory, sharedImage, secrets }: Dependencies): TrafficActivities {
  const shared = (kind: RuntimeName, signal: AbortSignal) =>
    new SharedBalancers({ runtimes, kind, image: sharedImage, signal });
  return {
    claimRoutes: (host, claim) => withHeartbeat(({ signal }) => abortable(directory.claimRoutes(host, claim), signal)),

    settleRoutes: (host, settlement) => withHeartbeat(() => directory.settleRoutes(host, settlement)),

    applySharedBalancer: ({ runtime }, all, former) =>
      withHeartbeat(({ signal }) => shared(runtime, signal).apply(all, former)),

    watchSharedBalancer: ({ runtime }, all) =>
      withHeartbeat(({ signal }) => watchShared(shared(runtime, signal), all, signal)),

    attachInstance: (context, instance, networks) =>
      withHeartbeat(() => capability(runtimes(context), 'networks').attach(instance.name, networks)),

    routeTraffic: (context, balancer, tables) =>
      withHeartbeat(() => balancerOf(runtimes(context), balancer.name).route(tables)),

    configureBalancer: (context, balancer, front) =>
      withHeartbeat(() =>
        balancerOf(runtimes(context), balancer.name).configure(front, async (hosts) =>
          initialMounts(await startingPair({ secrets, directory }, context, hosts)),
        ),
      ),

    drainInstance: (context, { balancer, addresses, timeoutMs }) =>
      withHeartbeat(({ signal, heartbeat }) =>
        drain(balancerOf(runtimes(context), balancer.name), addresses, { timeoutMs, signal, heartbeat }),
      ),
  };
}
