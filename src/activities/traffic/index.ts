import { capability } from '../../runtimes/runtime';
import { alive } from '../alive';
import { balancerOf } from './balancer';
import type { Activities } from '../contract';
import type { Dependencies } from '../dependencies';
import { drain } from './drain';

type TrafficActivities = Pick<Activities, 'attachInstance' | 'routeTraffic' | 'configureBalancer' | 'drainInstance'>;

/** Where requests go, and by which names. */
export function trafficActivities({ runtimes }: Dependencies): TrafficActivities {
  return {
    attachInstance: (context, instance, networks) =>
      alive(() => capability(runtimes(context), 'networks').attach(instance.name, networks)),

    routeTraffic: (context, balancer, tables) =>
      alive(() => balancerOf(runtimes(context), balancer.name).route(tables)),

    configureBalancer: (context, balancer, front) =>
      alive(() => balancerOf(runtimes(context), balancer.name).configure(front)),

    drainInstance: (context, { balancer, addresses, timeoutMs }) =>
      alive(({ signal, note }) =>
        drain(balancerOf(runtimes(context), balancer.name), addresses, { timeoutMs, signal, note }),
      ),
  };
}
