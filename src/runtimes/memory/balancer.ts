import type { InstanceSpec } from '../../model/instance';
import type { Front, RouteTable, TrafficState } from '../../model/traffic';
import type { Balancer } from '../runtime';

/** What the files of a load balancer's instance say that it starts with. */
export function initialTraffic({ files }: Pick<InstanceSpec, 'files'>): TrafficState {
  const content = (name: string) => files.find(({ path }) => path.endsWith(name))?.content ?? '';
  const tables = [...content('start.sh').matchAll(/^table='(.*)'$/gm)].map(
    ([, json]) => JSON.parse(json!) as RouteTable,
  );
  return { front: JSON.parse(content('front.json') || '{"routes":[],"redirects":[]}') as Front, tables };
}

/** A load balancer that has no requests, and remembers where it would send them. */
export function memoryBalancer(
  state: TrafficState,
  act: (what: string) => Promise<void>,
  isReached: (address: string) => boolean,
): Balancer {
  return {
    read: async () => structuredClone(state),
    route: async (tables) => {
      await act('route');
      state.tables = [...state.tables.filter(({ route }) => !tables.some((table) => table.route === route)), ...tables];
    },
    configure: async (front) => {
      await act('configure');
      state.front = front;
    },
    openRequests: async () => 0,
    unreached: async (addresses) =>
      addresses.filter((address) => !isReached(address)).map((address) => ({ address, reason: 'connection refused' })),
  };
}
