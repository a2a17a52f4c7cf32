import { capability } from '../../runtimes/runtime';
import { withHeartbeat } from '../heartbeat';
import { balancerOf } from './balancer';
import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { drain } from './drain';

type TrafficActivities = Pick<Activities, 'attachInstance' | 'routeTraffic' | 'configureBalancer' | 'drainInstance'>;

/** Activities on the load balancer and on network names. */
export function trafficActivities({ runtimes }: Dependencies): TrafficActivities {
  return {
    attachInstance: (context, instance, networks) =>
      withHeartbeat(() => capability(runtimes(context), 'networks').attach(instance.name, networks)),

    routeTraffic: (context, balancer, tables) =>
      withHeartbeat(() => balancerOf(runtimes(context), balancer.name).route(tables)),

    configureBalancer: (context, balancer, front) =>
      withHeartbeat(() => balancerOf(runtimes(context), balancer.name).configure(front)),

    drainInstance: (context, { balancer, addresses, timeoutMs }) =>
      withHeartbeat(({ signal, heartbeat }) =>
        drain(balancerOf(runtimes(context), balancer.name), addresses, { timeoutMs, signal, heartbeat }),
      ),
  };
}
