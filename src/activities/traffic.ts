import { setTimeout as sleep } from 'node:timers/promises';
import { alive } from './alive';
import { balancerOf } from './balancer';
import type { Activities } from './contract';
import type { Dependencies } from './dependencies';

type TrafficActivities = Pick<Activities, 'attachInstance' | 'routeTraffic' | 'configureBalancer' | 'drainInstance'>;

/** A request that was sent on just before the switch may not have opened its connection yet. */
const settleMs = 150;
const firstPollMs = 50;
const longestPollMs = 1000;

/** Where requests go, and by which names. */
export function trafficActivities({ runtimes }: Dependencies): TrafficActivities {
  return {
    attachInstance: (context, instance, networks) => alive(() => runtimes(context.runtime).attach(instance.name, networks)),

    routeTraffic: (context, balancer, tables) => alive(() => balancerOf(runtimes(context.runtime), balancer.name).route(tables)),

    configureBalancer: (context, balancer, front) => alive(() => balancerOf(runtimes(context.runtime), balancer.name).configure(front)),

    drainInstance: (context, balancer, _instance, addresses, timeoutMs) =>
      alive(async ({ signal, note }) => {
        const deadline = Date.now() + timeoutMs;
        const door = balancerOf(runtimes(context.runtime), balancer.name);
        await sleep(Math.min(settleMs, timeoutMs), undefined, { signal });
        for (let delay = firstPollMs; ; delay = Math.min(delay * 2, longestPollMs)) {
          const open = await door.openRequests(addresses);
          note({ open });
          if (open === 0 || Date.now() >= deadline) return open;
          await sleep(Math.min(delay, Math.max(1, deadline - Date.now())), undefined, { signal });
        }
      }),
  };
}
